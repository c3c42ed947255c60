/**
 * What a user sends along with a bug: versions, what the browser can do, the machine, its processes without their arguments, and
 * the log. Nothing of any file, no path of a project, no environment.
 */
import type { MachineFacts, ProcessInfo, RuntimeSummary } from '../abi/control.ts'
import type { LogEntry, Report } from './types.ts'

export interface ReportSources {
  version: string
  machine(): Promise<MachineFacts>
  processes(): Promise<ProcessInfo[]>
  runtimes(): Promise<RuntimeSummary[]>
  fsck(): Promise<string[]>
  log: readonly LogEntry[]
}

/** A part that cannot be had is null: a report of a broken machine is the one that matters. */
const orNull = <T>(part: Promise<T>): Promise<T | null> => part.catch(() => null)

export const makeReport = async (sources: ReportSources): Promise<Report> => {
  const [machine, processes, runtimes, faults] = await Promise.all([
    orNull(sources.machine()),
    orNull(sources.processes()),
    orNull(sources.runtimes()),
    orNull(sources.fsck()),
  ])
  return {
    version: sources.version,
    time: new Date().toISOString(),
    browser: capabilities(),
    machine,
    processes: processes?.map(withoutWords) ?? null,
    runtimes: runtimes?.map(({ name, version, cached }) => ({ name, version, cached })) ?? null,
    faults,
    log: [...sources.log],
  }
}

const withoutWords = ({ pid, parent, runtime, state, waiting, cpu, memory, files, group }: ProcessInfo) => ({
  pid,
  parent,
  runtime,
  state,
  waiting,
  cpu: Math.round(cpu),
  memory,
  files,
  group,
})

const capabilities = (): Report['browser'] => ({
  userAgent: navigator.userAgent,
  languages: [...navigator.languages],
  cores: navigator.hardwareConcurrency,
  isolated: crossOriginIsolated,
  sharedMemory: typeof SharedArrayBuffer === 'function',
  serviceWorker: 'serviceWorker' in navigator,
  directoryPicker: 'showDirectoryPicker' in globalThis,
})
