/**
 * From a record of a traced call (process/trace.ts writes it) to what a person reads, by the one table of system calls:
 *
 *   open(3, 0x1, "main.py", 0x0) = 4
 *   stat(3, 0x1, "missing") = -1 ENOENT (no such file or directory)
 */
import type { TraceEntry } from '../abi/control.ts'
import { ERRNO, errorCode, errorWords } from '../abi/errno.ts'
import { type CallName, callName, SYSCALLS, WASMRUN } from '../abi/syscalls.ts'

const NO_RETURN = 0x7fffffff
const CLOCK_MASK = 0x7fffffff

/** How each argument is shown: d a number, x flags, t the next text, - not at all (a pointer, or the length of a text). */
const SHAPES: Record<string, string> = {
  fd_read: 'dt--',
  fd_write: 'dt--',
  fd_pread: 'dt-d-',
  fd_pwrite: 'dt-d-',
  fd_seek: 'ddd-',
  fd_tell: 'd-',
  fd_readdir: 'd-dd-',
  fd_fdstat_get: 'd-',
  fd_filestat_get: 'd-',
  fd_prestat_get: 'd-',
  fd_prestat_dir_name: 'd-d',
  path_open: 'dxt-x--x-',
  path_filestat_get: 'dxt--',
  path_filestat_set_times: 'dxt-ddx',
  path_create_directory: 'dt-',
  path_remove_directory: 'dt-',
  path_unlink_file: 'dt-',
  path_readlink: 'dt--d-',
  path_rename: 'dt-dt-',
  path_symlink: 't-dt-',
  path_link: 'dxt-dt-',
  poll_oneoff: '--d-',
  clock_time_get: 'd--',
  clock_res_get: 'd-',
  random_get: '-d',
  args_get: '--',
  args_sizes_get: '--',
  environ_get: '--',
  environ_sizes_get: '--',
  'wasmrun.spawn': '--',
  'wasmrun.wait': 'dx--',
  'wasmrun.pipe': '-',
  'wasmrun.getcwd': '-d-',
  'wasmrun.chdir': 't-',
  'wasmrun.winsize_get': 'd-',
  'wasmrun.winsize_set': 'd-',
  'wasmrun.termios_get': 'd-',
  'wasmrun.termios_set': 'd-',
  'wasmrun.namespace_create': '-',
  'wasmrun.port_create': 'dt--',
  'wasmrun.bind': 'dt-dx',
  'wasmrun.port_open': 'dt-xx-',
  'wasmrun.send': 'dt--dx',
  'wasmrun.receive': 'd-d-dx-',
  'wasmrun.derive': 'dx-',
  'wasmrun.limit': 'dx',
  'wasmrun.facts': 'd-',
}
/** These give back how much or which, in a word behind a pointer. */
const GIVES = /read|write|seek|tell|open|poll|spawn|wait|_create$|receive|derive/

const IMPORTS = new Map<number, readonly string[]>()
for (const [name, { number, wasi }] of Object.entries(SYSCALLS)) {
  const more = WASMRUN[name as CallName]?.map((one) => `wasmrun.${one}`) ?? []
  IMPORTS.set(number, [...wasi, ...more])
}

/** @param now milliseconds since the epoch, a little later than the call was */
export const traceEntry = (record: Int32Array, now: number): TraceEntry => {
  const [id = 0, clock = 0, micros = 0, result = 0, out = 0, count = 0] = record
  const name = callName(id >>> 8) || `call ${id >>> 8}`
  const wasi = IMPORTS.get(id >>> 8)?.[id & 0xff] ?? ''
  const args = [...record.subarray(6, 6 + count)]
  const texts = textsOf(record, 6 + count)
  const shown = argumentsOf(wasi, args, texts).join(', ')
  return {
    time: now - ((now - clock) & CLOCK_MASK),
    micros,
    call: name,
    import: wasi,
    text: `${name}(${shown}) = ${resultOf(wasi, result, out)}`,
  }
}

const textsOf = (record: Int32Array, from: number): string[] => {
  const texts: string[] = []
  for (let at = from; at < record.length; ) {
    const length = Math.min(Math.max(0, record[at] ?? 0), (record.length - at - 1) * 4)
    const words = record.subarray(at + 1, at + 1 + Math.ceil(length / 4))
    texts.push(decoder.decode(new Uint8Array(words.slice().buffer, 0, length)))
    at += 1 + words.length
  }
  return texts
}

const decoder = new TextDecoder()

const argumentsOf = (wasi: string, args: readonly number[], texts: readonly string[]): string[] => {
  const shape = SHAPES[wasi]
  if (shape === undefined) return [...texts.map((text) => JSON.stringify(text)), ...args.map(String)]
  const left = [...texts]
  const shown: string[] = []
  for (const [index, arg] of args.entries()) {
    const how = shape[index] ?? 'd'
    if (how === 'd') shown.push(String(arg))
    if (how === 'x') shown.push(`0x${(arg >>> 0).toString(16)}`)
    if (how === 't') shown.push(JSON.stringify(left.shift() ?? ''))
  }
  return shown
}

/** An import gives an errno and puts its value elsewhere; a call of a runtime of ours gives ≥ 0 or -errno. */
const resultOf = (wasi: string, result: number, out: number): string => {
  if (result === NO_RETURN) return '?'
  const errno = wasi === '' ? -result : result
  if (errno > 0 && errno <= ERRNO.NOTCAPABLE) return `-1 ${errorCode(errno)} (${errorWords(errno)})`
  if (wasi === '') return String(result)
  return GIVES.test(wasi) ? String(out) : '0'
}
