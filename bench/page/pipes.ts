/** Two threads of a machine that has nothing else to do: what a pipe between them costs, beside a Comlink call. */
import { connect, type Link, moving } from '../../src/ipc/rpc.ts'
import { PROCESS, PROCESS_STATE, processAt, THREAD, THREAD_STATE, threadAt } from '../../src/memory/layout.ts'
import { createMemory, type Memory } from '../../src/memory/memory.ts'
import { createHeap } from '../../src/memory/object-heap.ts'
import { getWord, setWord, takeProcess, takeThread } from '../../src/memory/slots.ts'
import { createObjects, type Objects } from '../../src/objects/objects.ts'
import { openPipe } from '../../src/objects/open-file.ts'
import { formatVfs } from '../../src/vfs/format.ts'
import { attachVfs } from '../../src/vfs/vfs.ts'
import type { Ends, PipeApi } from '../workers/pipes.ts'

const ROUNDS = { ping: 20_000, comlink: 4000 }
/** 256 MB in blocks of 64 KiB. */
const BLOCKS = 4096
const BLOCK_BYTES = 65536

export interface PipeRound {
  /** Microseconds. */
  pipe: number
  /** Microseconds. */
  comlink: number
  /** GB/s. */
  throughput: number
}

export interface PipeBench {
  round(): Promise<PipeRound>
  end(): void
}

export const createPipeBench = async (): Promise<PipeBench> => {
  const memory = createMemory()
  formatVfs(memory)
  const objects = createObjects(memory, createHeap(memory), attachVfs(memory), -1)
  const [there, back] = [pipe(objects), pipe(objects)]
  const left = await startThread(memory, { in: back.reader, out: there.writer })
  const right = await startThread(memory, { in: there.reader, out: back.writer })
  const ports = new MessageChannel()
  await right.link.api.serveComlink(moving(ports.port2, [ports.port2]))
  let port: MessagePort | null = ports.port1

  const comlink = async (): Promise<number> => {
    if (port) await left.link.api.useComlink(moving(port, [port]))
    port = null
    return left.link.api.callComlink(ROUNDS.comlink)
  }
  const ping = async (): Promise<number> => {
    const echo = right.link.api.echo(ROUNDS.ping)
    const time = await left.link.api.ping(ROUNDS.ping)
    await echo
    return time
  }
  const pour = async (): Promise<number> => {
    const poured = left.link.api.pour(BLOCKS, BLOCK_BYTES)
    const rate = await right.link.api.drain(BLOCKS, BLOCK_BYTES)
    await poured
    return rate
  }
  const round = async (): Promise<PipeRound> => ({
    pipe: await ping(),
    comlink: await comlink(),
    throughput: await pour(),
  })
  await round()
  return {
    round,
    end: () => {
      for (const { worker } of [left, right]) worker.terminate()
    },
  }
}

const pipe = (objects: Objects): { reader: number; writer: number } => {
  const ends = openPipe(objects)
  if (typeof ends === 'number') throw new Error(`no pipe: ${ends}`)
  return ends
}

const startThread = async (memory: Memory, ends: Ends): Promise<{ worker: Worker; link: Link<PipeApi> }> => {
  const slot = takeProcess(memory, 0)
  setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
  const thread = takeThread(memory, getWord(memory, processAt(slot) + PROCESS.PID))
  setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.RUNNING)
  const worker = new Worker('/bench/pipes.js')
  const link = connect<PipeApi>(worker)
  worker.addEventListener('error', (event) => link.cut(new Error(event.message)))
  await link.api.attach(memory.shared, thread, slot, ends)
  return { worker, link }
}
