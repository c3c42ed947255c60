/** Completions of asynchronous operations as messages: an event loop that waits for those of a port hears of them there. */
import { post } from '../ipc/port.ts'
import type { Completion, Pending } from '../objects/async.ts'
import type { Operation } from '../objects/types.ts'

/** Starts an operation whose `Completion` is posted to that port. Its number. */
export const startPosting = (
  pending: Pending,
  operation: Operation,
  port: MessagePort,
  restarts = false,
): number => pending.start(operation, { post: (completion: Completion) => post(port, completion), restarts })
