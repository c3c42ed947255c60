/**
 * How far a load is, as events for the page: asked → downloading → checked → kept → ready, or failed, or cancelled.
 * Invariant: 'downloading' comes at most every 100 ms, and the last one says that all is there.
 */
import type { RuntimeProgress } from '../abi/control.ts'

export type Report = (progress: RuntimeProgress) => void
type Step = RuntimeProgress['step']

export interface Progress {
  step(step: Step, facts?: Partial<RuntimeProgress>): void
  /** That many bytes will travel. */
  expect(total: number): void
  bytes(count: number): void
}

/** Between two events, milliseconds: more cannot be seen. */
const EVERY = 100
/** Milliseconds over which the rate is measured: long enough to be calm, short enough to notice a change. */
const WINDOW = 3000

export const createProgress = (
  name: string,
  version: string,
  report: Report,
  now: () => number = () => performance.now(),
): Progress => {
  let loaded = 0
  let total = 0
  let reported = Number.NEGATIVE_INFINITY
  const samples: { at: number; loaded: number }[] = []
  const facts = (step: Step): RuntimeProgress => {
    const rate = measure(samples)
    const left = rate > 0 ? (total - loaded) / rate : 0
    return { name, version, step, loaded, total, rate, left, message: '', code: '', retry: false }
  }
  const step = (what: Step, more: Partial<RuntimeProgress> = {}): void => report({ ...facts(what), ...more })
  return {
    step,
    expect: (bytes) => {
      total = bytes
      samples.push({ at: now(), loaded })
      step('downloading')
    },
    bytes: (count) => {
      loaded += count
      // A server that sends a compressed file unpacked sends more than was announced.
      if (loaded > total) total = loaded
      const at = now()
      if (at - reported < EVERY && loaded < total) return
      reported = at
      samples.push({ at, loaded })
      while (samples.length > 2 && at - (samples[0]?.at ?? at) > WINDOW) samples.shift()
      step('downloading')
    },
  }
}

/** Bytes a second between the first and the last sample. */
const measure = (samples: readonly { at: number; loaded: number }[]): number => {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.at <= first.at) return 0
  return ((last.loaded - first.loaded) / (last.at - first.at)) * 1000
}
