/**
 * Calls between threads: Comlink, with two things that it lacks. Errors keep their code and errno, and a link knows that the
 * other side can die: Comlink alone would wait for ever for a worker that was terminated.
 *
 *   connect(port).api.read('/x') ──► Comlink ──► expose(api, port): read('/x') → { value } or { error: { code, … } }
 *
 * Comlink serves whoever speaks its language: it walks any path from the object, sets, constructs, and hands out what it made; with
 * `Object`'s own members that is a way to run code in the other thread. So what arrives is read here first (wire.ts), and only calls
 * of methods by name with plain arguments, and plain answers, get as far as Comlink.
 *
 * Invariant: every call on a link settles; after `cut` at once.
 */
import * as Comlink from 'comlink'
import { SysError } from '../abi/errno.ts'
import type { Endpoint } from './port.ts'
import { define, type ErrorRecord, guarded, parseAnswer, parseCall, type Reply } from './wire.ts'

type Method = (...args: never[]) => unknown

/** An API as its user sees it: the same methods, all of them asynchronous. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
}

const transfers = new WeakMap<object, Transferable[]>()

/** Marks an argument or a result so that its buffers and ports move instead of being copied. */
export const moving = <T extends object>(value: T, list: Transferable[]): T => {
  transfers.set(value, list)
  return Comlink.transfer(value, list)
}

/** Serves the methods of `api` on the endpoint. */
export const expose = <T extends object>(api: T, endpoint: Endpoint | MessagePort): void => {
  const faces: Record<string, (...args: unknown[]) => Promise<Reply>> = Object.create(null)
  for (const [name, method] of Object.entries(api)) {
    if (typeof method === 'function') faces[name] = answering(method as Method)
  }
  Comlink.expose(
    faces,
    guarded(endpoint, (data) => parseCall(data, faces)),
  )
}

const answering =
  (method: Method) =>
  async (...args: unknown[]): Promise<Reply> => {
    try {
      const value = await method(...(args as never[]))
      const list = typeof value === 'object' && value !== null ? transfers.get(value) : undefined
      return list ? Comlink.transfer({ value }, list) : { value }
    } catch (error) {
      return { error: record(error) }
    }
  }

export interface Link<T> {
  readonly api: Remote<T>
  /** The other side is gone: every call, pending or to come, fails with this reason. */
  cut(reason: Error): void
  /** Resolves when the link was cut. */
  readonly gone: Promise<Error>
}

export const connect = <T extends object>(endpoint: Endpoint | MessagePort): Link<T> => {
  const remote = Comlink.wrap<Record<string, (...args: unknown[]) => Reply>>(guarded(endpoint, parseAnswer))
  const pending = new Set<(reason: Error) => void>()
  let dead: Error | null = null
  let announce: (reason: Error) => void = () => {}
  const gone = new Promise<Error>((resolve) => {
    announce = resolve
  })
  const call = (name: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (dead) return reject(dead)
      pending.add(reject)
      const settle = (act: () => void): void => {
        pending.delete(reject)
        act()
      }
      const method = remote[name] as unknown as (...args: unknown[]) => Promise<Reply>
      method(...args).then(
        (reply) => settle(() => ('error' in reply ? reject(revive(reply.error)) : resolve(reply.value))),
        (error: unknown) => settle(() => reject(error)),
      )
    })
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>()
  const api = new Proxy({} as Remote<T>, {
    get: (_target, name) => {
      // A link is not a promise, whatever `await` thinks of it.
      if (typeof name !== 'string' || name === 'then') return undefined
      const known = methods.get(name)
      if (known) return known
      const method = (...args: unknown[]): Promise<unknown> => call(name, args)
      methods.set(name, method)
      return method
    },
  })
  return {
    api,
    gone,
    cut: (reason) => {
      if (dead) return
      dead = reason
      for (const reject of pending) reject(reason)
      pending.clear()
      announce(reason)
    },
  }
}

const record = (error: unknown): ErrorRecord => {
  const known = error instanceof Error ? error : new Error(String(error))
  const fields = known as Error & { errno?: unknown; subject?: unknown; code?: unknown }
  const extra: ErrorRecord['extra'] = {}
  for (const [key, value] of Object.entries(known)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      extra[key] = value
  }
  return {
    name: known.name,
    message: known.message,
    stack: known.stack ?? '',
    errno: typeof fields.errno === 'number' ? fields.errno : 0,
    subject: typeof fields.subject === 'string' ? fields.subject : '',
    code: typeof fields.code === 'string' ? fields.code : '',
    extra,
  }
}

const revive = (from: ErrorRecord): Error => {
  const error =
    from.name === 'SysError' && from.errno > 0 ? new SysError(from.errno, from.subject) : new Error()
  for (const [key, value] of Object.entries(from.extra)) define(error, key, value)
  error.message = from.message
  error.name = from.name
  error.stack = from.stack
  if (from.code && !('code' in error)) define(error, 'code', from.code)
  return error
}
