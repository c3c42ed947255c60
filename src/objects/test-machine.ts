/**
 * For this room's tests: a machine's memory with a heap, process slots, and files in the thread's own memory that count their
 * pins. The real filesystem is tested next door.
 */
import { ERRNO } from '../abi/errno.ts'
import { heapUsage } from '../memory/heap.ts'
import { PROCESS, PROCESS_STATE, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { attachMemory, createMemory, type Memory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import type { Stat, Vfs } from '../vfs/types.ts'
import { createObjects, type Objects } from './objects.ts'

interface Node {
  kind: number
  rdev: number
  bytes: Uint8Array
}

export interface TestFiles {
  /** Pins of all inodes together; 0 when nothing leaks. */
  pins(): number
  /** Adds an inode of that kind and pins it, as `vfs.open` would. */
  open(kind: number, bytes?: Uint8Array, rdev?: number): number
  content(inode: number): Uint8Array
  /** The most bytes an inode may have: beyond is -ENOSPC. */
  limit: number
}

export interface TestMachine {
  memory: Memory
  objects: Objects
  files: TestFiles
  /** Bytes of the heap in use. */
  used(): number
  /** A running process, with one thread while there are any: its slot. */
  spawn(parent?: number): number
  pid(slot: number): number
  /** The same machine seen by another process of this thread. */
  as(slot: number): Objects
}

export const createTestFiles = (): { vfs: Vfs; files: TestFiles } => {
  const nodes: Node[] = [{ kind: 0, rdev: 0, bytes: new Uint8Array(0) }]
  const pins = new Map<number, number>()
  const node = (inode: number): Node => nodes[inode] ?? { kind: 0, rdev: 0, bytes: new Uint8Array(0) }
  const files: TestFiles = {
    pins: () => [...pins.values()].reduce((sum, count) => sum + count, 0),
    open: (kind, bytes = new Uint8Array(0), rdev = 0) => {
      const inode = nodes.push({ kind, rdev, bytes }) - 1
      pins.set(inode, 1)
      return inode
    },
    content: (inode) => node(inode).bytes,
    limit: 1e6,
  }
  const pin = (inode: number, change: number): void => {
    const count = (pins.get(inode) ?? 0) + change
    if (count < 0) throw new Error(`inode ${inode} was unpinned too often`)
    pins.set(inode, count)
  }
  const known: Partial<Vfs> = {
    pin: (inode) => pin(inode, 1),
    unpin: (inode) => pin(inode, -1),
    kind: (inode) => node(inode).kind,
    size: (inode) => node(inode).bytes.length,
    stat: (inode, out: Stat) => {
      Object.assign(out, {
        inode,
        kind: node(inode).kind,
        rdev: node(inode).rdev,
        size: node(inode).bytes.length,
      })
      return 0
    },
    read: (inode, position, target, start, length) => {
      const piece = node(inode).bytes.subarray(position, position + length)
      target.set(piece, start)
      return piece.length
    },
    write: (inode, position, source, start, length) => {
      const file = node(inode)
      const at = position < 0 ? file.bytes.length : position
      const count = Math.min(length, files.limit - at)
      if (count <= 0) return -ERRNO.NOSPC
      const bytes = new Uint8Array(Math.max(file.bytes.length, at + count))
      bytes.set(file.bytes)
      bytes.set(source.subarray(start, start + count), at)
      file.bytes = bytes
      return count
    },
    truncate: (inode, size) => {
      const bytes = new Uint8Array(size)
      bytes.set(node(inode).bytes.subarray(0, size))
      node(inode).bytes = bytes
      return 0
    },
  }
  // Whatever else this room should call would be a mistake, and a test fails with "is not a function".
  return { vfs: known as Vfs, files }
}

export const createTestMachine = (): TestMachine => {
  const memory = createMemory()
  const heap = createHeap(memory)
  const { vfs, files } = createTestFiles()
  const objects = createObjects(memory, heap, vfs, -1)
  return {
    memory,
    objects,
    files,
    used: () => heapUsage(memory).objects,
    spawn: (parent = 0) => {
      const slot = takeProcess(memory, parent)
      const pid = getWord(memory, processAt(slot) + PROCESS.PID)
      setWord(memory, processAt(slot) + PROCESS.GROUP, pid)
      setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
      const thread = takeThread(memory, pid)
      if (thread > 0) setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.RUNNING)
      return slot
    },
    pid: (slot) => getWord(memory, processAt(slot) + PROCESS.PID),
    as: (slot) => ({ ...objects, slot }),
  }
}

/** The machine as another thread attaches to it. */
export const attachTestMachine = (shared: WebAssembly.Memory, thread: number, slot: number): Objects => {
  const memory = attachMemory(shared, thread)
  return createObjects(memory, createHeap(memory), createTestFiles().vfs, slot)
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytes = (words: string): Uint8Array => new TextEncoder().encode(words)
