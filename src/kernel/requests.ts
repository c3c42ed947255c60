/**
 * What process workers and the jail's document may ask of the kernel, as one table: each method with the check of its arguments.
 * A worker's script may have been taken over by its guest, so nothing that comes from there is believed: not its type, not its
 * length, not a key of it.
 *
 * Invariant: what comes out is made anew, of plain values; no object of the sender's goes any further.
 */
import type { ChildRequest, ExitReason } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { signalCode } from '../abi/signals.ts'
import { MAX_REPLIES, MAX_THREADS } from '../memory/layout.ts'
import { ALL_RIGHTS_OF_CAPABILITY } from '../objects/capability.ts'

/** As for execve on Linux: all arguments and variables together, bytes at most four times these characters. */
export const ARGUMENTS_MAX = 1_048_576
/** Elements of argv, variables, descriptors of one request. */
export const ELEMENTS_MAX = 4096
/** Of a sentence for the user. */
export const MESSAGE_MAX = 4096
const DESCRIPTOR_MAX = 65_535
const SIGNAL_MAX = 31
const PID_MAX = 0x7fffffff

export interface ProcessRequests {
  exit(reason: unknown): ExitReason
  spawn(reply: unknown, request: unknown): { reply: number; request: ChildRequest }
  spawnThread(reply: unknown, argument: unknown): { reply: number; argument: number }
  kill(reply: unknown, pid: unknown, signal: unknown): { reply: number; pid: number; signal: number }
  refresh(reply: unknown, pid: unknown): { reply: number; pid: number }
  sync(reply: unknown, inode: unknown): { reply: number; inode: number }
  bring(reply: unknown, inode: unknown): { reply: number; inode: number }
  watch(reply: unknown, fd: unknown): { reply: number; fd: number }
  pulse(reply: unknown): { reply: number }
}

/** @throws SysError EINVAL, with what was wrong */
export const processRequests: ProcessRequests = {
  exit: (reason) => {
    const { code, signal, message } = record(reason, 'the reason of an exit')
    const by = integer(signal, 0, SIGNAL_MAX, 'signal')
    const own = integer(code, 0, PID_MAX, 'exit code') & 0xff
    return {
      code: by > 0 ? signalCode(by) : own,
      signal: by,
      message: string(message, MESSAGE_MAX, 'message'),
    }
  },
  spawn: (reply, request) => ({ reply: parseReply(reply), request: parseChild(request) }),
  spawnThread: (reply, argument) => ({
    reply: parseReply(reply),
    argument: integer(argument, -0x80000000, 0xffffffff, 'argument of a thread'),
  }),
  kill: (reply, pid, signal) => ({
    reply: parseReply(reply),
    pid: integer(pid, -PID_MAX, PID_MAX, 'pid'),
    signal: integer(signal, 0, SIGNAL_MAX, 'signal'),
  }),
  refresh: (reply, pid) => ({ reply: parseReply(reply), pid: integer(pid, 0, PID_MAX, 'pid') }),
  sync: (reply, inode) => ({ reply: parseReply(reply), inode: integer(inode, 1, PID_MAX, 'inode') }),
  bring: (reply, inode) => ({ reply: parseReply(reply), inode: integer(inode, 1, PID_MAX, 'inode') }),
  watch: (reply, fd) => ({ reply: parseReply(reply), fd: integer(fd, 0, DESCRIPTOR_MAX, 'descriptor') }),
  pulse: (reply) => ({ reply: parseReply(reply) }),
}

/** A thread that failed, as the jail's document says. */
export const parseThreadFailed = (
  thread: unknown,
  message: unknown,
): { thread: number; message: string } => ({
  thread: integer(thread, 1, MAX_THREADS - 1, 'thread'),
  message: string(message, Number.POSITIVE_INFINITY, 'message').slice(0, MESSAGE_MAX),
})

/** The number of a reply word; it becomes an address. */
export const parseReply = (value: unknown): number => integer(value, 0, MAX_REPLIES - 1, 'reply')

const parseChild = (value: unknown): ChildRequest => {
  const fields = record(value, 'a request for a child')
  const { command, args, cwd, env, descriptors, argv0, group, ignored, blocked } = fields
  let left = ARGUMENTS_MAX
  const text = (each: unknown, what: string): string => {
    const checked = string(each, left, what)
    if (checked.includes('\0')) refuse(what, 'contains a NUL byte')
    left -= checked.length
    return checked
  }
  return {
    command: text(command, 'command'),
    args: list(args, 'arguments').map((each) => text(each, 'argument')),
    cwd: cwd === null ? null : text(cwd, 'working directory'),
    env: parseEnv(env, text),
    descriptors: list(descriptors, 'descriptors').map(parsePair),
    ...(argv0 === undefined ? {} : { argv0: text(argv0, 'argv[0]') }),
    ...(group === undefined ? {} : { group: integer(group, 0, PID_MAX, 'process group') }),
    ...(ignored === undefined
      ? {}
      : { ignored: integer(ignored, -(2 ** 31), 2 ** 31 - 1, 'ignored signals') }),
    ...(blocked === undefined
      ? {}
      : { blocked: integer(blocked, -(2 ** 31), 2 ** 31 - 1, 'blocked signals') }),
    ...(fields.grants === undefined ? {} : { grants: list(fields.grants, 'grants').map(parseGrant) }),
    ...(fields.session === true ? { session: true } : {}),
    ...(fields.foreground === true ? { foreground: true } : {}),
  }
}

const parseEnv = (value: unknown, text: (each: unknown, what: string) => string): Record<string, string> => {
  const given = Object.entries(record(value, 'environment'))
  if (given.length > ELEMENTS_MAX) refuse('environment', `more than ${ELEMENTS_MAX} variables`)
  // Defined one by one: a variable may be called __proto__, and is one like any other.
  const env: Record<string, string> = Object.create(null)
  for (const [name, content] of given) {
    if (name === '' || name.includes('=')) refuse(name.slice(0, 80), 'not a name for an environment variable')
    env[text(name, 'name of a variable')] = text(content, 'variable')
  }
  return env
}

const parsePair = (value: unknown): [number, number] => {
  const pair = list(value, 'a pair of descriptors')
  if (pair.length !== 2) refuse('descriptors', 'pairs of two numbers each')
  return [
    integer(pair[0], 0, DESCRIPTOR_MAX, 'descriptor'),
    integer(pair[1], 0, DESCRIPTOR_MAX, 'descriptor'),
  ]
}

const parseGrant = (value: unknown): [number, number, number] => {
  const grant = list(value, 'a grant')
  if (grant.length !== 3) refuse('grants', 'three numbers each')
  const [from, to] = parsePair(grant.slice(0, 2))
  return [from, to, integer(grant[2], 1, ALL_RIGHTS_OF_CAPABILITY, 'rights')]
}

const refuse = (what: string, words: string): never => {
  throw new SysError(ERRNO.INVAL, what, words)
}

const record = (value: unknown, what: string): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(what, 'not an object')
  return value as Record<string, unknown>
}

const list = (value: unknown, what: string): unknown[] => {
  if (!Array.isArray(value)) return refuse(what, 'not a list')
  if (value.length > ELEMENTS_MAX) return refuse(what, `more than ${ELEMENTS_MAX} elements`)
  return Array.from(value)
}

const string = (value: unknown, most: number, what: string): string => {
  if (typeof value !== 'string') return refuse(what, 'not a string')
  return value.length > most ? refuse(what, 'too long') : value
}

const integer = (value: unknown, least: number, most: number, what: string): number => {
  const isFine = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
  return isFine ? value : refuse(what, `not a whole number from ${least} to ${most}`)
}
