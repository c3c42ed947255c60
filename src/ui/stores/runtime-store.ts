/**
 * The runtimes there are, and what is being fetched. One download per version at a time.
 *
 * Invariant: `progress` holds a version of a runtime from its first step until it is ready, cancelled or the user has put the error away.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { RuntimeProgress, RuntimeSummary } from '../../abi/control.ts'

export interface Download extends RuntimeProgress {
  /** Milliseconds since the epoch when each step began. */
  times: Partial<Record<RuntimeProgress['step'], number>>
}

export type RuntimeEvent =
  | { type: 'list'; runtimes: readonly RuntimeSummary[] }
  | { type: 'unlisted'; message: string }
  | { type: 'progress'; progress: RuntimeProgress; time: number }
  /** `version` absent: all of that name. */
  | { type: 'forget'; name: string; version?: string | null }

export interface RuntimeStore {
  readonly runtimes: ReadonlySignal<readonly RuntimeSummary[]>
  /** Why the catalogue could not be read, or ''. */
  readonly problem: ReadonlySignal<string>
  /** Whether the catalogue has answered, well or badly. */
  readonly asked: ReadonlySignal<boolean>
  readonly progress: ReadonlySignal<ReadonlyMap<string, Download>>
  /** Of one version, or of the only one there is where it is open. */
  download(name: string, version: string | null): Download | undefined
  apply(event: RuntimeEvent): void
}

const keyOf = ({ name, version }: Pick<Download, 'name' | 'version'>): string => `${name} ${version}`
/** What fails before the catalogue has answered has no version yet: it belongs to whoever asked. */
const fits =
  (name: string, version: string | null) =>
  (each: Download): boolean =>
    each.name === name && (version === null || each.version === '' || each.version === version)

export const createRuntimeStore = (): RuntimeStore => {
  const runtimes = signal<readonly RuntimeSummary[]>([])
  const problem = signal('')
  const asked = signal(false)
  const progress = signal<ReadonlyMap<string, Download>>(new Map())

  const step = (next: RuntimeProgress, time: number): void => {
    const all = new Map(progress.value)
    const key = keyOf(next)
    const before = all.get(key)
    // the same step can be told twice, by the call and by the event: a late one must not open a card again
    if (!before && next.step !== 'asked' && next.step !== 'downloading' && next.step !== 'failed') {
      markCached(next)
      return
    }
    const begins = !before || next.step === 'asked' || before.step === 'failed' || before.step === 'cancelled'
    const times = begins ? {} : before.times
    if (next.step === 'cancelled' || next.step === 'ready') all.delete(key)
    else all.set(key, { ...next, times: { ...times, [next.step]: times[next.step] ?? time } })
    progress.value = all
    markCached(next)
  }
  /** Only a step 'kept' or 'ready' without a remark says that it is on this device. */
  const markCached = (next: RuntimeProgress): void => {
    if (next.step !== 'ready' && next.step !== 'kept') return
    runtimes.value = runtimes.value.map((runtime) =>
      runtime.name === next.name && runtime.version === next.version && next.message === ''
        ? { ...runtime, cached: true }
        : runtime,
    )
  }

  return {
    runtimes,
    problem,
    asked,
    progress,
    download: (name, version) => [...progress.value.values()].find(fits(name, version)),
    apply(event) {
      if (event.type === 'progress') step(event.progress, event.time)
      else if (event.type === 'forget') {
        const goes = fits(event.name, event.version ?? null)
        progress.value = new Map([...progress.value].filter(([, each]) => !goes(each)))
      } else {
        asked.value = true
        problem.value = event.type === 'unlisted' ? event.message : ''
        if (event.type === 'list') runtimes.value = event.runtimes
      }
    },
  }
}

/** The names people use for what the catalogue calls by key. */
export const runtimeTitle = (name: string, version: string | null): string => {
  const titles: Record<string, string> = {
    python: 'Python',
    quickjs: 'QuickJS',
    node: 'Node.js',
    ruby: 'Ruby',
  }
  const title = titles[name] ?? name
  return version ? `${title} ${version}` : title
}
