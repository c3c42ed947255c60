/**
 * A process as the page holds it: its output as streams, its input as a stream, its end as a promise.
 *
 *   kernel ──output──► inlet(channel) ──pull──► reader ──ack──► kernel sends more
 *
 * Invariant: bytes are acknowledged when a reader has taken them, so a process whose output nobody reads is held back by the
 * kernel instead of filling the page's memory.
 */
import type { ExitReason, OutputChunk } from '../abi/control.ts'
import { signalName } from '../abi/signals.ts'
import type { ExitStatus, Output, Process } from './types.ts'

/** What a process asks of the machine. */
export interface ProcessCalls {
  input(pid: number, bytes: Uint8Array): Promise<void>
  endInput(pid: number): Promise<void>
  ack(pid: number, bytes: number): void
  kill(pid: number, signal: string | number): Promise<void>
  resize(pid: number, columns: number, rows: number): Promise<void>
}

/** The machine's end of a process: what the kernel says goes in here. */
export interface ProcessFeed {
  readonly process: Process
  output(chunks: OutputChunk[]): void
  ended(reason: ExitReason): void
}

export const exitStatus = ({ code, signal }: ExitReason): ExitStatus => ({
  code,
  signal: signal > 0 ? signalName(signal) : null,
})

/** @param isTerminal then stdout has everything, in order, and stderr nothing, as on any terminal */
export const createProcess = (pid: number, calls: ProcessCalls, isTerminal: boolean): ProcessFeed => {
  const queue: OutputChunk[] = []
  const outlets = new Set<() => void>()
  let isOver = false
  let settle: (status: ExitStatus) => void = () => {}
  const exit = new Promise<ExitStatus>((resolve) => {
    settle = resolve
  })
  const news = (): void => {
    for (const outlet of outlets) outlet()
  }
  const take = (wanted: (chunk: OutputChunk) => boolean): OutputChunk | undefined => {
    const at = queue.findIndex(wanted)
    if (at < 0) return undefined
    const [chunk] = queue.splice(at, 1)
    if (chunk) calls.ack(pid, chunk.bytes.length)
    return chunk
  }
  const outlet = <T>(
    wanted: (chunk: OutputChunk) => boolean,
    shape: (chunk: OutputChunk) => T,
  ): ReadableStream<T> => {
    let wake: () => void = () => {}
    let isCancelled = false
    return new ReadableStream<T>(
      {
        start: () => {
          outlets.add(() => {
            wake()
            if (isCancelled) while (take(wanted));
          })
        },
        pull: async (controller) => {
          for (;;) {
            const chunk = take(wanted)
            if (chunk) return controller.enqueue(shape(chunk))
            if (isOver) return controller.close()
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        },
        cancel: () => {
          isCancelled = true
          while (take(wanted));
        },
      },
      { highWaterMark: 0 },
    )
  }
  const streams = once(() => ({
    stdout: outlet(
      ({ channel }) => isTerminal || channel === 1,
      ({ bytes }) => bytes,
    ),
    stderr: outlet(
      ({ channel }) => !isTerminal && channel === 2,
      ({ bytes }) => bytes,
    ),
    output: outlet<Output>(
      () => true,
      ({ channel, bytes }) => ({ channel: channel === 2 ? 'err' : 'out', bytes }),
    ),
  }))
  const process: Process = {
    pid,
    exit,
    get stdout() {
      return streams().stdout
    },
    get stderr() {
      return streams().stderr
    },
    get output() {
      return streams().output
    },
    input: inputStream(pid, calls),
    kill: (signal = 'SIGTERM') => calls.kill(pid, signal),
    resize: ({ columns, rows }) => calls.resize(pid, columns, rows),
  }
  return {
    process,
    output: (chunks) => {
      queue.push(...chunks)
      news()
    },
    ended: (reason) => {
      isOver = true
      news()
      settle(exitStatus(reason))
    },
  }
}

const inputStream = (pid: number, calls: ProcessCalls): WritableStream<Uint8Array | string> => {
  const encoder = new TextEncoder()
  return new WritableStream({
    write: (data) => calls.input(pid, typeof data === 'string' ? encoder.encode(data) : data),
    close: () => calls.endInput(pid),
    abort: () => calls.endInput(pid),
  })
}

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
