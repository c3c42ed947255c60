/**
 * Kinds of open files that only some programs can use: masters of pseudo-terminals, children, semaphores, watches. What reads,
 * writes and polls them is not in every process script; a script that has it says so once, before its program runs.
 *
 * Invariant: closing works everywhere (open-file.ts), for any process may be the last to have such a file.
 */
import type { Objects } from './objects.ts'
import type { Spans } from './spans.ts'
import type { PollEntry } from './types.ts'

export interface StreamKind {
  stream: number
  /** As `readStream`; -EBADF where there is nothing to read. `object` is FILE.OBJECT. */
  read(objects: Objects, object: number, spans: Spans): number
  /** As `writeStream`. */
  write(objects: Objects, object: number, spans: Spans, skip: number): number
  /** Fills `ready` and `bytes`. The caller holds the lock. */
  check(objects: Objects, object: number, entry: PollEntry): void
  /** Wait set that changes when `check` may say something else. */
  set(objects: Objects, object: number): number
}

const kinds: (StreamKind | undefined)[] = []

export const learnKinds = (more: readonly StreamKind[]): void => {
  for (const kind of more) kinds[kind.stream] = kind
}

/** What is known of such a kind in this thread. */
export const kindOf = (stream: number): StreamKind | undefined => kinds[stream]
