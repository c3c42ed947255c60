/** The last step of opening a FIFO: its descriptor is there already, so that a death while it waits leaves nothing behind. */
import { fifoOperation } from '../objects/fifo.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'

/** The descriptor once the other side has come, at once for any other file; -EINTR, and it is closed. */
export const awaitOtherSide = (process: Process, fd: number): number => {
  const { objects, descriptors } = process
  const result = waitIn(process, fifoOperation(objects, descriptors.get(fd)))
  if (result === 0) return fd
  descriptors.close(fd)
  return result
}
