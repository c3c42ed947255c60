/**
 * What may cross a wall as a call or an answer. The other side may be taken over: its messages are read by their own properties
 * only, and what goes on to Comlink is a message made here.
 *
 *   call    { id, type: 'APPLY', path: [method], argumentList: [{ type: 'RAW', value }, …] }
 *   answer  { id, type: 'RAW', value: { value } or { error } }
 *
 * Invariant: no path longer than one name, no name that is not a method; no Comlink handler (proxy, throw) is ever asked.
 */
import type * as Comlink from 'comlink'
import type { Endpoint } from './port.ts'

export interface ErrorRecord {
  name: string
  message: string
  stack: string
  errno: number
  subject: string
  code: string
  /** Other enumerable plain values of the error (a hub error's `retry`). */
  extra: Record<string, string | number | boolean>
}

export type Reply = { value: unknown } | { error: ErrorRecord }

/** Comlink's numbers have 40 characters at most. */
const ID_MAX = 80
/** No method has more. */
const ARGUMENTS_MAX = 16
/** Of the text of an error. */
const TEXT_MAX = 65_536
const EXTRA_MAX = 32

/** An endpoint whose messages have been read: `read` gives what Comlink is to hear, or undefined for nothing. */
export const guarded = (
  endpoint: Endpoint | MessagePort,
  read: (data: unknown) => { pass: unknown } | { answer: unknown } | undefined,
): Comlink.Endpoint => {
  const heard = new WeakMap<object, (event: MessageEvent) => void>()
  const raw = endpoint as Endpoint
  return {
    postMessage: (message: unknown, transfer: Transferable[] = []) => raw.postMessage(message, transfer),
    addEventListener: (_type, listener) => {
      const call = typeof listener === 'function' ? listener : listener.handleEvent.bind(listener)
      const hear = (event: MessageEvent): void => {
        const known = read(event.data)
        if (known && 'answer' in known) raw.postMessage(known.answer, [])
        // Comlink looks at these two.
        else if (known) call({ data: known.pass, origin: event.origin } as unknown as Event)
      }
      heard.set(listener, hear)
      raw.addEventListener('message', hear)
    },
    removeEventListener: (_type, listener) => {
      const hear = heard.get(listener)
      if (hear) raw.removeEventListener('message', hear)
    },
    start: () => {
      if ('start' in endpoint) endpoint.start()
    },
  }
}

/** A call of one of the methods; of another, an answer that says so; anything else is nothing. */
export const parseCall = (
  data: unknown,
  methods: object,
): { pass: unknown } | { answer: unknown } | undefined => {
  if (!isRecord(data) || own(data, 'type') !== 'APPLY') return undefined
  const id = own(data, 'id')
  if (typeof id !== 'string' || id.length > ID_MAX) return undefined
  const refuse = (message: string): { answer: unknown } => ({
    answer: { id, type: 'RAW', value: { error: plainError('TypeError', message) } },
  })
  const path = own(data, 'path')
  const name: unknown = Array.isArray(path) && path.length === 1 ? path[0] : undefined
  if (typeof name !== 'string' || !Object.hasOwn(methods, name)) return refuse('there is no such method')
  const list = own(data, 'argumentList')
  if (!Array.isArray(list) || list.length > ARGUMENTS_MAX) return refuse('these are no arguments')
  const argumentList: unknown[] = []
  for (let index = 0; index < list.length; index++) {
    const argument: unknown = list[index]
    if (!isRecord(argument) || own(argument, 'type') !== 'RAW')
      return refuse('an argument must be plain data')
    argumentList.push({ type: 'RAW', value: own(argument, 'value') })
  }
  return { pass: { id, type: 'APPLY', path: [name], argumentList } }
}

/** An answer to a call. What is not well-formed becomes an error, so that the call settles. */
export const parseAnswer = (data: unknown): { pass: unknown } | undefined => {
  if (!isRecord(data)) return undefined
  const id = own(data, 'id')
  if (typeof id !== 'string' || id.length > ID_MAX) return undefined
  return {
    pass: { id, type: 'RAW', value: own(data, 'type') === 'RAW' ? parseReply(own(data, 'value')) : odd() },
  }
}

const odd = (): Reply => ({ error: plainError('TypeError', 'the other thread gave an answer that is none') })

const parseReply = (reply: unknown): Reply => {
  if (!isRecord(reply)) return odd()
  if (Object.hasOwn(reply, 'value')) return { value: reply.value }
  const error = own(reply, 'error')
  return isRecord(error) ? { error: parseError(error) } : odd()
}

const parseError = (from: Record<string, unknown>): ErrorRecord => {
  const text = (key: string): string => {
    const value = own(from, key)
    return typeof value === 'string' ? value.slice(0, TEXT_MAX) : ''
  }
  const errno = own(from, 'errno')
  const given = own(from, 'extra')
  const extra: ErrorRecord['extra'] = Object.create(null)
  for (const [key, value] of Object.entries(isRecord(given) ? given : {}).slice(0, EXTRA_MAX)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      extra[key] = value
  }
  return {
    name: text('name'),
    message: text('message'),
    stack: text('stack'),
    errno: typeof errno === 'number' && Number.isInteger(errno) ? errno : 0,
    subject: text('subject'),
    code: text('code'),
    extra,
  }
}

const plainError = (name: string, message: string): ErrorRecord => ({
  name,
  message,
  stack: '',
  errno: 0,
  subject: '',
  code: '',
  extra: {},
})

/** Defines, where an assignment could change the prototype. */
export const define = (object: object, key: string, value: unknown): void =>
  void Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const own = (record: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined
