/**
 * What a traced process does, call by call, from its threads to the kernel: records of words in one ring. A full ring loses
 * records and counts them; nothing ever waits for the reader.
 *
 *   process slot: TRACE ─► [ head | count | lost | – | record record … ]      record: its words in all, then these
 *
 * Invariant: the ring is written, read and given back under the lock; a process whose TRACE is 0 writes nothing.
 */
import { KERNEL_THREAD, processAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { JOB } from './slot-words.ts'

const RING = { HEAD: 0, COUNT: 1, LOST: 2 } as const
const HEADER_WORDS = 4
/** Room for some two thousand calls; the kernel empties it at every turn. */
const RING_BYTES = 131_072
const CAPACITY = RING_BYTES / 4 - HEADER_WORDS

/** Starts tracing: 0, or -errno of the heap. */
export const openTrace = (objects: Objects, slot: number): number =>
  locked(objects, () => {
    const at = processAt(slot) + JOB.TRACE
    if (getWord(objects.memory, at) !== 0) return 0
    const ring = objects.heap.allocate(RING_BYTES)
    if (ring < 0) return ring
    objects.memory.refresh()
    objects.memory.i32.fill(0, ring, ring + HEADER_WORDS)
    setWord(objects.memory, at, ring)
    return 0
  })

/** Ends it. What was not taken is lost. */
export const closeTrace = (objects: Objects, slot: number): void =>
  locked(objects, () => {
    const at = processAt(slot) + JOB.TRACE
    const ring = getWord(objects.memory, at)
    if (ring === 0) return
    setWord(objects.memory, at, 0)
    objects.heap.free(ring, RING_BYTES)
  })

/** Whether the caller's process is traced: one plain load, for every system call asks. */
export const isTraced = (objects: Objects): boolean =>
  word(objects, processAt(objects.slot) + JOB.TRACE) !== 0

/** From a thread of the traced process. */
export const putTrace = (objects: Objects, record: ArrayLike<number>): void =>
  locked(objects, () => {
    objects.memory.refresh()
    const ring = getWord(objects.memory, processAt(objects.slot) + JOB.TRACE)
    if (ring === 0) return
    const count = word(objects, ring + RING.COUNT)
    const words = record.length + 1
    if (CAPACITY - count < words) {
      setWordAt(objects, ring + RING.LOST, word(objects, ring + RING.LOST) + 1)
      return
    }
    const end = word(objects, ring + RING.HEAD) + count
    for (let index = 0; index < words; index++) {
      const value = index === 0 ? words : (record[index - 1] ?? 0)
      setWordAt(objects, ring + HEADER_WORDS + ((end + index) % CAPACITY), value)
    }
    setWordAt(objects, ring + RING.COUNT, count + words)
    if (count === 0) wake(objects.memory, KERNEL_THREAD)
  })

/** For the kernel: all records so far, and how many were lost since it last asked. */
export const takeTrace = (objects: Objects, slot: number): { records: Int32Array[]; lost: number } =>
  locked(objects, () => {
    const ring = getWord(objects.memory, processAt(slot) + JOB.TRACE)
    if (ring === 0) return { records: [], lost: 0 }
    objects.memory.refresh()
    const records: Int32Array[] = []
    const head = word(objects, ring + RING.HEAD)
    const count = word(objects, ring + RING.COUNT)
    const at = (index: number): number => word(objects, ring + HEADER_WORDS + ((head + index) % CAPACITY))
    for (let done = 0; done < count; done += Math.max(1, at(done)))
      records.push(Int32Array.from({ length: at(done) - 1 }, (_, index) => at(done + 1 + index)))
    const lost = word(objects, ring + RING.LOST)
    for (const field of [RING.COUNT, RING.LOST]) setWordAt(objects, ring + field, 0)
    return { records, lost }
  })
