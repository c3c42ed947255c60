/**
 * The machine as one thread of one process sees it: attached, not made. What is in shared memory is the kernel's work.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import { attachMemory, type Memory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { findProcess } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createObjects, type Objects } from '../objects/objects.ts'
import type { Descriptors } from '../objects/types.ts'
import type { SharedVfs } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'

export interface Machine {
  memory: Memory
  vfs: SharedVfs
  objects: Objects
  descriptors: Descriptors
}

/** @throws SysError ESRCH when the machine knows no process of that pid. */
export const attachMachine = (shared: WebAssembly.Memory, thread: number, pid: number): Machine => {
  const memory = attachMemory(shared, thread)
  const slot = findProcess(memory, pid)
  if (slot < 0) throw new SysError(ERRNO.SRCH, `process ${pid}`)
  const vfs = attachVfs(memory)
  const objects = createObjects(memory, createHeap(memory), vfs, slot)
  return { memory, vfs, objects, descriptors: createDescriptors(objects) }
}
