/** The functions that the prelude is built on: a script's only way to files, streams, time and its own end. */
import type { JSValueHandle, QuickJS } from 'quickjs-wasi'
import { errorWords } from '../../abi/errno.ts'
import { SIGNAL } from '../../abi/signals.ts'
import { streamKind } from '../../objects/open-file.ts'
import { sleepOperation } from '../../objects/operation.ts'
import { raise } from '../../objects/signal.ts'
import { spanOf } from '../../objects/spans.ts'
import { STREAM } from '../../objects/types.ts'
import type { Process } from '../../process/process.ts'
import { waitForRead, waitForWrite, waitIn } from '../../process/waiting.ts'
import { type Caught, restarting } from './jobs.ts'
import type { Paths } from './paths.ts'
import type { Trace } from './trace.ts'

const CHUNK_BYTES = 4096
const EPIPE = -64

type Plain = string | number | boolean | null | undefined | Uint8Array

/** An object of QuickJS whose methods are the given functions over plain values. */
export const nativeObject = (
  vm: QuickJS,
  functions: Record<string, (...args: never[]) => Plain>,
  trace: Trace,
): JSValueHandle => {
  const object = vm.newObject()
  for (const [name, act] of Object.entries(functions)) {
    const method = vm.newFunction(name, (...handles) => {
      const args = handles.map((each) => vm.dump(each))
      return vm.hostToHandle(trace(name, args, () => act(...(args as never[]))))
    })
    object.setProp(name, method)
    method.dispose()
  }
  return object
}

export const createNative = (
  process: Process,
  paths: Paths,
  scriptArgs: readonly string[],
  caught: Caught,
) => {
  const { descriptors, objects } = process
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  /** Read and not yet asked for, by descriptor. */
  const ahead = new Map<number, string>()
  const decoders = new Map<number, TextDecoder>()

  const write = (fd: number, text: string): number => {
    process.enter()
    const file = descriptors.get(fd)
    if (file < 0) return file
    const result = waitForWrite(process, file, spanOf(encoder.encode(text)))
    if (result === EPIPE) {
      raise(objects, process.pid, SIGNAL.PIPE)
      process.deliver()
    }
    return result
  }
  /** More text of a descriptor, or '' at its end. */
  const readChunk = (fd: number): string => {
    const file = descriptors.get(fd)
    if (file < 0) return ''
    const streaming = decoders.get(fd) ?? new TextDecoder()
    decoders.set(fd, streaming)
    for (;;) {
      const bytes = new Uint8Array(CHUNK_BYTES)
      const count = restarting(caught, () => waitForRead(process, file, spanOf(bytes)))
      const text = streaming.decode(bytes.subarray(0, Math.max(count, 0)), { stream: count > 0 })
      // A chunk may end within a character and give no text yet.
      if (count <= 0 || text !== '') return text
    }
  }
  const readLine = (fd: number): string | null => {
    process.enter()
    let text = ahead.get(fd) ?? ''
    for (let end = text.indexOf('\n'); ; end = text.indexOf('\n')) {
      if (end >= 0) {
        ahead.set(fd, text.slice(end + 1))
        return text.slice(0, end)
      }
      const more = readChunk(fd)
      if (more === '') break
      text += more
    }
    ahead.delete(fd)
    return text === '' ? null : text
  }
  const readAll = (fd: number): string => {
    let text = ahead.get(fd) ?? ''
    for (let more = readChunk(fd); more !== ''; more = readChunk(fd)) text += more
    ahead.delete(fd)
    return text
  }
  return {
    write,
    readLine,
    readAll,
    readFile: (path: string): string | null => {
      process.enter()
      const bytes = paths.readFile(path)
      return typeof bytes === 'number' ? null : decoder.decode(bytes)
    },
    writeFile: (path: string, text: string): number => paths.writeFile(path, encoder.encode(text)),
    list: (path: string): string | number => {
      const names = paths.list(path)
      return typeof names === 'number' ? names : JSON.stringify(names)
    },
    mkdir: (path: string): number => paths.mkdir(path),
    remove: (path: string): number => paths.remove(path),
    rename: (from: string, to: string): number => paths.rename(from, to),
    args: (): string => JSON.stringify(scriptArgs),
    env: (): string => JSON.stringify(process.env),
    now: (): number => performance.now(),
    sleep: (milliseconds: number): number => {
      process.enter()
      const result = waitIn(process, sleepOperation(performance.now() + Math.max(0, milliseconds)))
      if (result < 0) caught.collect()
      return result
    },
    exit: (code: number): never => process.end(code & 0xff, 0),
    isTerminal: (fd: number): boolean => {
      const file = descriptors.get(fd)
      return file > 0 && streamKind(objects, file) === STREAM.TTY
    },
    words: (errno: number): string => errorWords(errno),
  }
}
