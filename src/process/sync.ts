/** fsync(2): the project is saved as a whole, by the kernel, which alone knows what is kept. */
import { ERRNO } from '../abi/errno.ts'
import { fileObject, streamKind } from '../objects/open-file.ts'
import { STREAM } from '../objects/types.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'

/** 0 once everything that was written before is kept; -EINVAL for what cannot be (a pipe), -errno of the store. */
export const syncFile = (process: Process, file: number): number => {
  const stream = streamKind(process.objects, file)
  if (stream !== STREAM.FILE && stream !== STREAM.DIRECTORY) return -ERRNO.INVAL
  return process.kernel ? waitIn(process, process.kernel.sync(fileObject(process.objects, file))) : 0
}
