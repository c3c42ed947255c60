/**
 * What the kernel says about itself: nothing unless asked. `verbose`: starts, ends and stops of processes. `debug`: that, and the
 * filesystem is checked after every exit, and what assertions.ts asserts. `strace`: commands whose processes are traced from their first call.
 */
import type { DiagnosticOptions, KernelEvent } from '../abi/control.ts'
import { signalName } from '../abi/signals.ts'
import type { Entry } from './entry.ts'

export interface Diagnostics {
  set(options: DiagnosticOptions): void
  /**
   * A line for the log, if anybody wants it.
   * @param told what a report for a bug has of it: no arguments of a program
   */
  say(text: string, told?: string): void
  /** A process has ended and been cleared away. */
  ended(entry: Entry): void
  /** Whether a command is to be traced. */
  traces(command: string): boolean
}

export interface DiagnosticsOptions {
  report: (event: KernelEvent) => void
  /** Sentences about what is wrong with the filesystem. */
  fsck: () => string[]
  /** Sentences about what else does not hold, now that this process is gone. */
  asserts?: (ended: Entry) => string[]
}

const ALL = 'all'

export const createDiagnostics = ({ report, fsck, asserts = () => [] }: DiagnosticsOptions): Diagnostics => {
  let asked: DiagnosticOptions = { verbose: false, debug: false, strace: [] }
  const log = (severity: 'info' | 'error', text: string, told = text): void =>
    report({ type: 'log', time: Date.now(), severity, text, told })
  const say = (text: string, told = text): void => {
    if (asked.verbose || asked.debug) log('info', text, told)
  }
  return {
    set: (options) => {
      asked = options
    },
    say,
    ended: (entry) => {
      const { pid, exit } = entry
      const how = exit && exit.signal > 0 ? `by ${signalName(exit.signal)}` : `with ${exit?.code ?? 0}`
      say(`process ${pid} has ended ${how}${exit?.message ? `: ${exit.message}` : ''}`)
      if (!asked.debug) return
      for (const fault of [...fsck(), ...asserts(entry)])
        log('error', `after the end of process ${pid}: ${fault}`)
    },
    traces: (command) => {
      const name = command.split('/').at(-1) ?? command
      return asked.strace.some((wanted) => wanted === ALL || wanted === name || wanted === command)
    },
  }
}

/** From the page; a value that makes no sense is as if it were not there. */
export const parseDiagnostics = (value: unknown): DiagnosticOptions => {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const names = Array.isArray(fields.strace) ? fields.strace : []
  return {
    verbose: fields.verbose === true,
    debug: fields.debug === true,
    strace: names.filter((name): name is string => typeof name === 'string' && name !== ''),
  }
}
