/** Waiting for an operation in this thread; a signal that ends the process ends it here. */

import { streamKind } from '../objects/open-file.ts'
import { readOperation, writeOperation } from '../objects/operation.ts'
import type { Spans } from '../objects/spans.ts'
import { writeStream } from '../objects/stream.ts'
import { type Operation, STREAM } from '../objects/types.ts'
import { Interrupted, waitFor } from '../objects/wait.ts'
import type { Process } from './process.ts'

const SIGNALLED = 128

/** Result ≥ 0, or -errno. */
export const waitIn = (process: Process, operation: Operation): number => {
  try {
    return waitFor(process.objects, operation)
  } catch (error) {
    if (error instanceof Interrupted) return process.end(SIGNALLED + error.signal, error.signal)
    throw error
  }
}

export const waitForRead = (process: Process, file: number, spans: Spans): number =>
  waitIn(process, readOperation(process.objects, file, spans))

/** Files and devices take what they take at once; only the rest needs an operation. */
export const waitForWrite = (process: Process, file: number, spans: Spans): number => {
  const stream = streamKind(process.objects, file)
  if (stream === STREAM.FILE || stream === STREAM.DEVICE) return writeStream(process.objects, file, spans)
  return waitIn(process, writeOperation(process.objects, file, spans))
}
