/** args_* and environ_*: lists of NUL-terminated strings, encoded once at the start. */
import { ERRNO } from '../abi/errno.ts'
import { fits, type Guest } from './guest.ts'
import type { Process } from './process.ts'

const POINTER_BYTES = 4

interface Strings {
  count: number
  /** All strings, each with its NUL. */
  bytes: Uint8Array
  offsets: number[]
}

const encodeAll = (list: readonly string[]): Strings => {
  const encoder = new TextEncoder()
  const parts = list.map((text) => encoder.encode(text))
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length + 1, 0))
  const offsets: number[] = []
  let at = 0
  for (const part of parts) {
    offsets.push(at)
    bytes.set(part, at)
    at += part.length + 1
  }
  return { count: list.length, bytes, offsets }
}

const putSizes = (guest: Guest, strings: Strings, countAt: number, sizeAt: number): number => {
  if (!fits(guest, countAt, POINTER_BYTES) || !fits(guest, sizeAt, POINTER_BYTES)) return ERRNO.FAULT
  guest.view.setUint32(countAt, strings.count, true)
  guest.view.setUint32(sizeAt, strings.bytes.length, true)
  return ERRNO.SUCCESS
}

const putStrings = (guest: Guest, strings: Strings, pointers: number, buffer: number): number => {
  if (!fits(guest, pointers, strings.count * POINTER_BYTES)) return ERRNO.FAULT
  if (!fits(guest, buffer, strings.bytes.length)) return ERRNO.FAULT
  for (let index = 0; index < strings.count; index++) {
    guest.view.setUint32(pointers + index * POINTER_BYTES, buffer + (strings.offsets[index] ?? 0), true)
  }
  guest.u8.set(strings.bytes, buffer)
  return ERRNO.SUCCESS
}

export const argsCalls = (process: Process) => {
  const { guest } = process
  const args = encodeAll(process.args)
  const env = encodeAll(Object.entries(process.env).map(([name, value]) => `${name}=${value}`))
  return {
    args_sizes_get: (countAt: number, sizeAt: number): number => {
      process.enter()
      return putSizes(guest, args, countAt >>> 0, sizeAt >>> 0)
    },
    args_get: (pointers: number, buffer: number): number => {
      process.enter()
      return putStrings(guest, args, pointers >>> 0, buffer >>> 0)
    },
    environ_sizes_get: (countAt: number, sizeAt: number): number => {
      process.enter()
      return putSizes(guest, env, countAt >>> 0, sizeAt >>> 0)
    },
    environ_get: (pointers: number, buffer: number): number => {
      process.enter()
      return putStrings(guest, env, pointers >>> 0, buffer >>> 0)
    },
  }
}
