/** Counts what the machine holds besides files; see abi/audit.ts. */
import type { Audit, Census } from '../abi/audit.ts'
import { filesLock } from '../memory/files-lock.ts'
import { heapUsage } from '../memory/heap.ts'
import {
  MAX_PROCESSES,
  MAX_THREADS,
  PROCESS,
  PROCESS_STATE,
  processAt,
  SUPERBLOCK,
  THREAD,
  THREAD_STATE,
  threadAt,
} from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import type { Objects } from '../objects/objects.ts'
import { countTargets } from '../objects/target.ts'
import { countAbsent } from '../vfs/inode.ts'
import { countPins } from '../vfs/pin.ts'
import type { SharedVfs } from '../vfs/types.ts'

const NAMES: Record<number, keyof Audit['threads']> = {
  [THREAD_STATE.STARTING]: 'starting',
  [THREAD_STATE.RUNNING]: 'running',
  [THREAD_STATE.WAITING]: 'waiting',
  [THREAD_STATE.PARKED]: 'parked',
}

export const takeAudit = (objects: Objects, vfs: SharedVfs, ports: number, workers: Census): Audit => {
  const { memory } = objects
  // Before they are taken for the look itself.
  const locks = { files: filesLock(memory).owner(), objects: objects.lock.owner() }
  objects.lock.acquire()
  try {
    const threads = { starting: 0, running: 0, waiting: 0, parked: 0 }
    for (let thread = 1; thread < MAX_THREADS; thread++) {
      const name = NAMES[getWord(memory, threadAt(thread) + THREAD.STATE)]
      if (name) threads[name]++
    }
    let processes = 0
    for (let slot = 0; slot < MAX_PROCESSES; slot++)
      if (getWord(memory, processAt(slot) + PROCESS.STATE) !== PROCESS_STATE.FREE) processes++
    return {
      processes,
      threads,
      ports,
      workers,
      openFiles: getWord(memory, SUPERBLOCK.USED_OPEN_FILES),
      pipes: getWord(memory, SUPERBLOCK.USED_PIPES),
      terminals: getWord(memory, SUPERBLOCK.USED_TTYS),
      fileLocks: getWord(memory, SUPERBLOCK.USED_LOCKS),
      semaphores: getWord(memory, SUPERBLOCK.USED_SEMAPHORES),
      watches: getWord(memory, SUPERBLOCK.USED_WATCHES),
      ...countTargets(objects),
      capabilities: getWord(memory, SUPERBLOCK.USED_CAPABILITIES),
      pins: countPins(vfs.volume),
      absent: countAbsent(vfs.volume),
      heap: heapUsage(memory).objects,
      locks,
    }
  } finally {
    objects.lock.release()
  }
}
