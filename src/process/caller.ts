/** For tests: the imports as a program would call them, with strings and numbers put into a guest memory of its own. */
import { RIGHTS, RIGHTS_DIRECTORY, RIGHTS_FILE } from '../abi/wasi.ts'
import { createPrivateMachine, type PrivateMachine, type PrivateOptions } from './private-machine.ts'
import { createWasi } from './wasi.ts'

/** Where results, paths and data lie in the guest's memory. */
export const AT = { RESULT: 64, PATH: 1024, PATH_2: 6144, IOVEC: 11264, DATA: 16384 } as const
export const GUEST_BYTES = 131072

type Call = (...args: (number | bigint)[]) => number

export interface Caller {
  machine: PrivateMachine
  memory: WebAssembly.Memory
  calls: Record<string, Call>
  unstable: Record<string, Call>
  view: () => DataView
  bytes: () => Uint8Array
  /** Puts text and gives its address and length. */
  put(text: string | Uint8Array, at?: number): [number, number]
  /** Descriptor, or -errno. */
  open(path: string, options?: OpenOptions): number
  write(fd: number, text: string | Uint8Array): number
  /** Bytes as text, or -errno. */
  read(fd: number, length?: number): string | number
  /** One path call: errno. */
  path(name: string, fd: number, path: string, ...rest: (number | bigint)[]): number
  u32(at?: number): number
  u64(at?: number): bigint
}

export interface OpenOptions {
  fd?: number
  lookup?: number
  oflags?: number
  base?: number
  inheriting?: number
  fdflags?: number
}

export const READ_WRITE = RIGHTS_FILE
export const DIRECTORY = RIGHTS_DIRECTORY
export const READ_ONLY = RIGHTS.FD_READ | RIGHTS.FD_SEEK | RIGHTS.FD_TELL | RIGHTS.FD_FILESTAT_GET

export const createCaller = (options: PrivateOptions = {}): Caller => {
  const machine = createPrivateMachine(options)
  const memory = new WebAssembly.Memory({ initial: GUEST_BYTES / 65536 })
  const { imports, setMemory } = createWasi(machine.process)
  setMemory(memory)
  const calls = imports.wasi_snapshot_preview1 as unknown as Record<string, Call>
  const unstable = imports.wasi_unstable as unknown as Record<string, Call>
  const encoder = new TextEncoder()
  const view = (): DataView => new DataView(memory.buffer)
  const bytes = (): Uint8Array => new Uint8Array(memory.buffer)
  const put = (text: string | Uint8Array, at: number = AT.PATH): [number, number] => {
    const data = typeof text === 'string' ? encoder.encode(text) : text
    bytes().set(data, at)
    return [at, data.length]
  }
  const need = (name: string): Call => {
    const call = calls[name]
    if (!call) throw new Error(`no call ${name}`)
    return call
  }
  const vector = (length: number): void => {
    view().setUint32(AT.IOVEC, AT.DATA, true)
    view().setUint32(AT.IOVEC + 4, length, true)
  }
  return {
    machine,
    memory,
    calls,
    unstable,
    view,
    bytes,
    put,
    open: (path, { fd = 3, lookup = 0, oflags = 0, base = READ_WRITE, inheriting = 0, fdflags = 0 } = {}) => {
      const [at, length] = put(path)
      const rights = [BigInt(base), BigInt(inheriting)]
      const errno = need('path_open')(fd, lookup, at, length, oflags, ...rights, fdflags, AT.RESULT)
      return errno === 0 ? view().getUint32(AT.RESULT, true) : -errno
    },
    write: (fd, text) => {
      const [, length] = put(text, AT.DATA)
      vector(length)
      const errno = need('fd_write')(fd, AT.IOVEC, 1, AT.RESULT)
      return errno === 0 ? view().getUint32(AT.RESULT, true) : -errno
    },
    read: (fd, length = 4096) => {
      vector(length)
      const errno = need('fd_read')(fd, AT.IOVEC, 1, AT.RESULT)
      if (errno !== 0) return -errno
      const count = view().getUint32(AT.RESULT, true)
      return new TextDecoder().decode(bytes().slice(AT.DATA, AT.DATA + count))
    },
    path: (name, fd, path, ...rest) => {
      const [at, length] = put(path)
      return need(name)(fd, at, length, ...rest)
    },
    u32: (at = AT.RESULT) => view().getUint32(at, true),
    u64: (at = AT.RESULT) => view().getBigUint64(at, true),
  }
}
