/** The texts of /proc/<pid>/status and stat (proc(5)), as far as the machine has what they tell; the rest of stat is 0. */
import type { ProcessState } from '../abi/control.ts'

export interface ProcFacts {
  pid: number
  parent: number
  name: string
  state: ProcessState
  group: number
  session: number
  /** Word index of its terminal, or 0. */
  terminal: number
  nice: number
  threads: number
  /** Bytes of its own memory. */
  memory: number
  files: number
  umask: number
  /** Milliseconds not blocked, and since the machine's start. */
  cpu: number
  started: number
  pending: number
  blocked: number
  ignored: number
  handled: number
}

const LETTERS: Record<ProcessState, string> = {
  starting: 'R (running)',
  running: 'R (running)',
  sleeping: 'S (sleeping)',
  stopped: 'T (stopped)',
  ended: 'Z (zombie)',
}
/** Ticks a second in stat, as everywhere. */
const TICKS = 100
const PAGE_BYTES = 65_536
/** Fields of stat in Linux 3.5 and later. */
const STAT_FIELDS = 52

const mask = (bits: number): string => (bits >>> 0).toString(16).padStart(16, '0')

export const statusText = (facts: ProcFacts): string => {
  const lines: [string, string | number][] = [
    ['Name', facts.name],
    ['Umask', facts.umask.toString(8).padStart(4, '0')],
    ['State', LETTERS[facts.state]],
    ['Tgid', facts.pid],
    ['Pid', facts.pid],
    ['PPid', facts.parent],
    ['FDSize', facts.files],
    ['NSpgid', facts.group],
    ['NSsid', facts.session],
    ['VmSize', `${Math.ceil(facts.memory / 1024)} kB`],
    ['VmRSS', `${Math.ceil(facts.memory / 1024)} kB`],
    ['Threads', facts.threads],
    ['SigPnd', mask(facts.pending)],
    ['SigBlk', mask(facts.blocked)],
    ['SigIgn', mask(facts.ignored)],
    ['SigCgt', mask(facts.handled)],
  ]
  return lines.map(([name, value]) => `${name}:\t${value}\n`).join('')
}

export const statText = (facts: ProcFacts): string => {
  const fields = new Array<string | number>(STAT_FIELDS).fill(0)
  const put = (field: number, value: string | number): void => {
    fields[field - 1] = value
  }
  put(1, facts.pid)
  put(2, `(${facts.name})`)
  put(3, LETTERS[facts.state].charAt(0))
  put(4, facts.parent)
  put(5, facts.group)
  put(6, facts.session)
  put(7, facts.terminal)
  put(14, Math.floor((facts.cpu * TICKS) / 1000))
  put(18, 20 + facts.nice)
  put(19, facts.nice)
  put(20, facts.threads)
  put(22, Math.floor((facts.started * TICKS) / 1000))
  put(23, facts.memory)
  put(24, Math.ceil(facts.memory / PAGE_BYTES))
  return `${fields.join(' ')}\n`
}
