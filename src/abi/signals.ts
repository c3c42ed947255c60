/** Signals by their Linux numbers (signal(7)); WASI's own `signal` numbering is the same for 1 to 31. */
export const SIGNAL = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  XCPU: 24,
  XFSZ: 25,
  WINCH: 28,
} as const

export type SignalName = keyof typeof SIGNAL

const NAMES = new Map<number, SignalName>()
for (const name of Object.keys(SIGNAL) as SignalName[]) NAMES.set(SIGNAL[name], name)

export const signalName = (number: number): `SIG${SignalName}` | `signal ${number}` => {
  const name = NAMES.get(number)
  return name ? `SIG${name}` : `signal ${number}`
}

/** Accepts 15, 'TERM' or 'SIGTERM'. Gives undefined for what is no signal. */
export const parseSignal = (value: unknown): number | undefined => {
  if (typeof value === 'number') return NAMES.has(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const bare = value.toUpperCase().replace(/^SIG/, '')
  return Object.hasOwn(SIGNAL, bare) ? SIGNAL[bare as SignalName] : undefined
}

/** Exit code of a process that a signal ended, as a shell says it. */
export const signalCode = (number: number): number => 128 + number

export const signalBit = (number: number): number => 1 << (number - 1)

/** What happens to a process that neither handles nor ignores the signal. */
export const defaultAction = (number: number): 'terminate' | 'ignore' | 'stop' | 'continue' => {
  if (number === SIGNAL.CHLD || number === SIGNAL.WINCH) return 'ignore'
  if (number === SIGNAL.CONT) return 'continue'
  const stops: readonly number[] = [SIGNAL.STOP, SIGNAL.TSTP, SIGNAL.TTIN, SIGNAL.TTOU]
  return stops.includes(number) ? 'stop' : 'terminate'
}
