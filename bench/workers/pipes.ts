/**
 * One of two threads of a machine of its own, joined by pipes and, for comparison, by a port with Comlink on it. It waits as
 * a process does: asleep on its wake word.
 */
import * as Comlink from 'comlink'
import { expose } from '../../src/ipc/rpc.ts'
import { attachMemory } from '../../src/memory/memory.ts'
import { createHeap } from '../../src/memory/object-heap.ts'
import { createObjects, type Objects } from '../../src/objects/objects.ts'
import { readOperation, writeOperation } from '../../src/objects/operation.ts'
import { spanOf } from '../../src/objects/spans.ts'
import { waitFor } from '../../src/objects/wait.ts'
import { attachVfs } from '../../src/vfs/vfs.ts'

/** Open files of the two pipes: `in` is read, `out` is written. */
export interface Ends {
  in: number
  out: number
}

export interface PipeApi {
  attach(shared: WebAssembly.Memory, thread: number, slot: number, ends: Ends): void
  /** Sends every byte back, `rounds` times. */
  echo(rounds: number): void
  /** Microseconds of one round trip of a byte. */
  ping(rounds: number): number
  /** Writes `blocks` blocks. */
  pour(blocks: number, bytes: number): void
  /** Reads what was poured: GB/s (10⁹ bytes) from the first byte on. */
  drain(blocks: number, bytes: number): number
  serveComlink(port: MessagePort): void
  useComlink(port: MessagePort): void
  /** Microseconds of one Comlink call with one number, answered by the thread at the other end of the port. */
  callComlink(rounds: number): Promise<number>
}

const echoApi = { echo: (value: number): number => value }

let objects: Objects
let ends: Ends
let remote: Comlink.Remote<typeof echoApi>

const read = (bytes: Uint8Array): number => {
  const count = waitFor(objects, readOperation(objects, ends.in, spanOf(bytes)))
  if (count <= 0) throw new Error(`reading the pipe gave ${count}`)
  return count
}

const write = (bytes: Uint8Array): void => {
  const count = waitFor(objects, writeOperation(objects, ends.out, spanOf(bytes)))
  if (count !== bytes.length) throw new Error(`writing to the pipe gave ${count}`)
}

const api: PipeApi = {
  attach: (shared, thread, slot, mine) => {
    const memory = attachMemory(shared, thread)
    objects = createObjects(memory, createHeap(memory), attachVfs(memory), slot)
    ends = mine
  },
  echo: (rounds) => {
    const byte = new Uint8Array(1)
    for (let round = 0; round < rounds; round++) {
      read(byte)
      write(byte)
    }
  },
  ping: (rounds) => {
    const byte = new Uint8Array(1)
    const start = performance.now()
    for (let round = 0; round < rounds; round++) {
      byte[0] = round
      write(byte)
      read(byte)
      if (byte[0] !== (round & 0xff)) throw new Error('another byte came back')
    }
    return ((performance.now() - start) * 1000) / rounds
  },
  pour: (blocks, bytes) => {
    const block = new Uint8Array(bytes).fill(7)
    for (let index = 0; index < blocks; index++) write(block)
  },
  drain: (blocks, bytes) => {
    const block = new Uint8Array(bytes)
    let done = read(block.subarray(0, 1))
    const start = performance.now()
    while (done < blocks * bytes) done += read(block)
    if (block[bytes - 1] !== 7) throw new Error('other bytes arrived')
    return (blocks * bytes) / 1e6 / (performance.now() - start)
  },
  serveComlink: (port) => Comlink.expose(echoApi, port),
  useComlink: (port) => {
    remote = Comlink.wrap<typeof echoApi>(port)
  },
  callComlink: async (rounds) => {
    const start = performance.now()
    for (let round = 0; round < rounds; round++) {
      if ((await remote.echo(round)) !== round) throw new Error('another number came back')
    }
    return ((performance.now() - start) * 1000) / rounds
  },
}
expose(api, self as unknown as MessagePort)
