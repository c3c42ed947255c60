/** From the options of `spawn` to what the kernel is asked, with defaults filled in and bad values named. */
import type { Preopen, SpawnRequest } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import type { SpawnOptions } from './types.ts'

export const HOME = '/home/project'
const DEFAULT_SIZE = { columns: 80, rows: 24 }

/** @throws SysError EINVAL for a command, argument or variable that no process can be given (NUL, '=' in a name). */
export const spawnRequest = (command: string, args: string[], options: SpawnOptions): SpawnRequest => {
  for (const text of [command, options.argv0 ?? '', ...args]) refuseNul(text, 'an argument')
  for (const [name, value] of Object.entries(options.env ?? {})) {
    refuseNul(name + value, 'the environment')
    if (name === '' || name.includes('='))
      throw new SysError(ERRNO.INVAL, name, 'not a name for an environment variable')
  }
  const cwd = options.cwd ?? HOME
  return {
    command,
    args,
    cwd,
    env: options.env ?? {},
    bareEnv: options.bareEnv ?? false,
    preopens: options.preopens?.map(preopen) ?? null,
    terminal: terminalSize(options.terminal ?? false),
    stdin:
      typeof options.stdin === 'string' ? new TextEncoder().encode(options.stdin) : (options.stdin ?? null),
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
    ...(options.strace ? { strace: true } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    title: options.title ?? [command.split('/').at(-1), ...args].join(' '),
  }
}

const terminalSize = (terminal: NonNullable<SpawnOptions['terminal']>): SpawnRequest['terminal'] => {
  if (terminal === false) return null
  return terminal === true ? DEFAULT_SIZE : terminal
}

const preopen = (entry: NonNullable<SpawnOptions['preopens']>[number]): Preopen => {
  if (typeof entry === 'string') return { name: entry, path: entry, readonly: false }
  return { name: entry.as ?? entry.path, path: entry.path, readonly: entry.readonly ?? false }
}

const refuseNul = (text: string, where: string): void => {
  if (text.includes('\0')) throw new SysError(ERRNO.INVAL, where, 'contains a NUL byte')
}
