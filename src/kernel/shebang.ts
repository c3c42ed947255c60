/**
 * The first line of a script: `#!/usr/bin/env python3`, `#!/usr/bin/qjs -m`. As on Linux: one interpreter and at most one
 * argument, which may hold blanks; `env` is understood here (its `-S` splits), for the machine has no such program.
 */
export interface Interpreter {
  /** A path, or a bare name to be looked up as a command. */
  command: string
  args: string[]
}

/** Linux reads no further (BINPRM_BUF_SIZE). */
export const SHEBANG_BYTES = 256
const decoder = new TextDecoder()

/** Undefined for what is no script; null for one that names no interpreter. */
export const parseShebang = (head: Uint8Array): Interpreter | null | undefined => {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined
  const text = decoder.decode(head.slice(2, SHEBANG_BYTES))
  const end = text.indexOf('\n')
  const line = (end < 0 ? text : text.slice(0, end)).trim()
  const [, command = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(line) ?? []
  if (command === '') return null
  if (/(^|\/)env$/.test(command)) return fromEnv(rest)
  return { command, args: rest === '' ? [] : [rest] }
}

const fromEnv = (rest: string): Interpreter | null => {
  const split = /^(?:-S|--split-string)[\s=]*(.*)$/.exec(rest)
  const [command, ...args] = split ? (split[1] ?? '').split(/\s+/).filter(Boolean) : [rest].filter(Boolean)
  return command === undefined ? null : { command, args }
}
