/** What a report for a bug holds. */
import type { MachineFacts, ProcessInfo, RuntimeSummary } from '../abi/control.ts'
import type { LogEntry } from './types.ts'

/** Parts that could not be had are null. */
export interface Report {
  version: string
  /** ISO 8601. */
  time: string
  browser: {
    userAgent: string
    languages: string[]
    cores: number
    isolated: boolean
    sharedMemory: boolean
    serviceWorker: boolean
    directoryPicker: boolean
  }
  machine: MachineFacts | null
  processes:
    | Pick<
        ProcessInfo,
        'pid' | 'parent' | 'runtime' | 'state' | 'waiting' | 'cpu' | 'memory' | 'files' | 'group'
      >[]
    | null
  runtimes: Pick<RuntimeSummary, 'name' | 'version' | 'cached'>[] | null
  /** What is wrong with the filesystem. */
  faults: string[] | null
  log: LogEntry[]
}
