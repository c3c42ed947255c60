/** The last step of a start: arguments and environment, and the worker that runs with them. */
import type { JailApi, KernelForProcess } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { expose, moving, type Remote } from '../ipc/rpc.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { compareExchangeWord } from '../memory/slots.ts'
import type { Entry } from './entry.ts'

/** Words and variables that the program finds. */
export const argvOf = ({ request, program }: Pick<Entry, 'request' | 'program'>): string[] =>
  program.words ? [...program.words, ...request.args] : [request.argv0 ?? request.command, ...request.args]

/** @param pwd the working directory by the process's own name for it */
export const environmentOf = (
  { request, program }: Pick<Entry, 'request' | 'program'>,
  pwd: string,
): Record<string, string> => {
  if (request.bareEnv) return request.env
  return { ...DEFAULT_ENV, PWD: pwd, ...program.env, ...terminalEnv(request.terminal), ...request.env }
}

const DEFAULT_ENV = {
  HOME: '/home',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  USER: 'user',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
}

const terminalEnv = (terminal: { columns: number; rows: number } | null): Record<string, string> =>
  terminal ? { TERM: 'xterm-256color', COLUMNS: String(terminal.columns), LINES: String(terminal.rows) } : {}

/** What a further thread starts with. */
export interface Begin {
  thread: number
  argument: number
}

export interface Launch {
  face: KernelForProcess
  pwd: string
  pulse: SharedArrayBuffer
  begin?: Begin | null
}

/** The memory for a program that imports one. @throws SysError ENOMEM */
export const guestMemory = ({
  program,
  request,
}: Pick<Entry, 'program' | 'request'>): WebAssembly.Memory | null => {
  if (!program.guest) return null
  try {
    return new WebAssembly.Memory({ ...program.guest, shared: true })
  } catch {
    throw new SysError(ERRNO.NOMEM, request.command, 'the browser has no room for the memory of its threads')
  }
}

/** Binds a worker to the process, or to a further thread of it. Gives the kernel's end of its control link. */
export const launch = async (
  memory: Memory,
  jail: Remote<JailApi>,
  entry: Entry,
  { face, pwd, pulse, begin = null }: Launch,
  linked: (port: MessagePort) => void,
): Promise<void> => {
  const { port1, port2 } = new MessageChannel()
  linked(port1)
  expose(face, port1)
  const { program, pid, guest } = entry
  const thread = begin?.thread ?? entry.thread
  const words = { args: argvOf(entry), env: environmentOf(entry, pwd) }
  const start = { pid, thread, ...words, kind: program.kind, begin: begin && { argument: begin.argument } }
  // Only what has just been made: one that is stopped stays so, and a slot that is another's by now is left alone.
  if (!entry.exit)
    compareExchangeWord(
      memory,
      processAt(entry.slot) + PROCESS.STATE,
      PROCESS_STATE.STARTING,
      PROCESS_STATE.RUNNING,
    )
  const bind = { memory: memory.shared, guest, start, pulse, port: port2 }
  await jail.start(thread, program.key, moving(bind, [port2]))
}
