/**
 * What the page and the kernel may ask the host for, as one table: each method with the check of its arguments. The kernel
 * runs beside guests, so nothing that comes from there is believed.
 *
 * Invariant: a method that is not in the table of its asker does not exist for it, and an act only ever sees checked arguments.
 */
import { ERRNO, SysError } from '../abi/errno.ts'

export type HostRequest =
  | { method: 'storage' | 'runtimes' | 'runtimeSources' }
  | { method: 'addRuntimeSource' | 'removeRuntimeSource'; url: string }
  | { method: 'load' | 'prefetch' | 'remove'; name: string; version: string | null }
  | { method: 'cancel'; name: string }
  | { method: 'getSetting'; key: string }
  | { method: 'setSetting'; key: string; value: unknown }

export type HostMethod = HostRequest['method']
export type Asker = 'page' | 'kernel'

/** A registry key or a command. */
const RUNTIME_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/

const MAY: Record<Asker, readonly HostMethod[]> = {
  page: [
    'storage',
    'runtimes',
    'prefetch',
    'cancel',
    'remove',
    'runtimeSources',
    'addRuntimeSource',
    'removeRuntimeSource',
    'getSetting',
    'setSetting',
  ],
  kernel: ['load'],
}

/** @throws SysError: EPERM for a method that this asker does not have, ENOENT for a name no runtime can have, EINVAL */
export const parseHostRequest = (asker: Asker, method: unknown, args: readonly unknown[]): HostRequest => {
  const known = MAY[asker].find((each) => each === method)
  if (!known) throw new SysError(ERRNO.PERM, shown(method), `the ${asker} may not ask the host for that`)
  const [first, second] = args
  switch (known) {
    case 'storage':
    case 'runtimes':
    case 'runtimeSources':
      return { method: known }
    case 'addRuntimeSource':
    case 'removeRuntimeSource':
      return { method: known, url: sourceUrl(first) }
    case 'load':
    case 'prefetch':
    case 'remove':
      return { method: known, name: runtimeName(first), version: parseVersion(second) }
    case 'cancel':
      return { method: known, name: runtimeName(first) }
    case 'getSetting':
      return { method: known, key: settingKey(first) }
    case 'setSetting':
      return { method: known, key: settingKey(first), value: second }
  }
}

/** Only a text is shown as it is: other things may refuse to be turned into one. */
const shown = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 80) : typeof value)

const runtimeName = (value: unknown): string => {
  if (typeof value !== 'string') throw new SysError(ERRNO.INVAL, 'name', 'the name of a runtime is a string')
  if (!RUNTIME_NAME.test(value))
    throw new SysError(ERRNO.NOENT, value.slice(0, 80), 'no runtime goes by that name')
  return value
}

const parseVersion = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' && VERSION.test(value)) return value
  throw new SysError(ERRNO.INVAL, shown(value), 'that is no version')
}

const sourceUrl = (value: unknown): string => {
  if (typeof value === 'string' && value.length <= 2000) return value
  throw new SysError(ERRNO.INVAL, 'url', 'the address of a mirror is a text')
}

const settingKey = (value: unknown): string => {
  if (typeof value === 'string' && value.length <= 64) return value
  throw new SysError(ERRNO.INVAL, 'key', 'the key of a setting is a short string')
}
