/**
 * Where descriptors 0, 1 and 2 of a process end: a terminal, or three pipes, with the kernel on the other side.
 *
 *   process ──write──► ring in shared memory ──drain──► OutputChunk[] ──► page
 *   page ──bytes──► input queue ──► line discipline or pipe ──read──► process
 *
 * Invariant: at most CREDIT bytes are on their way to the page; a process that prints faster than the page reads waits in
 * its write. What a dead process has left in the rings is still delivered before its exit.
 */
import type { OutputChunk, SpawnRequest } from '../abi/control.ts'
import { check, ERRNO, SysError } from '../abi/errno.ts'
import type { Objects } from '../objects/objects.ts'
import { createOpenFile, fileObject, openPipe, releaseFile } from '../objects/open-file.ts'
import { PIPE, pipeRead, pipeWrite } from '../objects/pipe.ts'
import { spanOf } from '../objects/spans.ts'
import { createTty, hangUpTty, releaseTty, resizeTty, setForeground } from '../objects/tty.ts'
import { ttyInput } from '../objects/tty-input.ts'
import { ttyDrain } from '../objects/tty-output.ts'
import { ACCESS, type Descriptors, PENDING, STREAM } from '../objects/types.ts'

/** Bytes that may be on their way to the page: enough for a screenful at every frame, little enough to stop at once. */
export const CREDIT_BYTES = 262_144
/** Most that is taken in one turn, so that other processes have theirs. */
const TURN_BYTES = 65_536
/** Typed ahead or piped by the page and not yet taken; more is refused. */
const INPUT_LIMIT_BYTES = 16 * 1024 * 1024

export interface Stdio {
  /** Output for the page within its credit; `all` gives what is left regardless of it. */
  drain(all: boolean): OutputChunk[]
  ack(bytes: number): void
  /** Resolves when the bytes were taken by the line discipline or the pipe. */
  input(bytes: Uint8Array): Promise<void>
  endInput(): void
  /** Offers queued input again; called on every turn of the kernel. */
  feed(): void
  resize(columns: number, rows: number): void
  /** Lets go of the kernel's ends; pending input is refused. */
  close(): void
  /** Word index of the terminal, or 0. */
  tty: number
}

/** A child's streams are its parent's: the kernel has no end of them. */
export const INHERITED: Stdio = {
  tty: 0,
  drain: () => [],
  ack: () => {},
  input: () => Promise.reject(new SysError(ERRNO.NOTSUP, 'standard input', 'its parent process has it')),
  endInput: () => {},
  feed: () => {},
  resize: () => {},
  close: () => {},
}

interface Ends {
  drain(max: number): OutputChunk[]
  /** Bytes taken, PENDING, or -errno. */
  write(bytes: Uint8Array): number
  /** What is written before `end`; `last` is the byte that came before. */
  endMarks(last: number): Uint8Array
  end(): void
  resize(columns: number, rows: number): void
  close(): void
  tty: number
}

/** Gives the process its three descriptors. @throws SysError ENOMEM when the machine is full. */
export const createStdio = (
  objects: Objects,
  descriptors: Descriptors,
  pid: number,
  request: SpawnRequest,
): Stdio => {
  const ends = request.terminal
    ? openTerminal(objects, descriptors, pid, request.terminal)
    : openPipes(objects, descriptors)
  const waiting: { bytes: Uint8Array; resolve: () => void; reject: (reason: Error) => void }[] = []
  let queued = 0
  let credit = CREDIT_BYTES
  let isEnding = false
  let last = NEWLINE
  const refuse = (errno: number): void => {
    for (const { reject } of waiting.splice(0))
      reject(new SysError(errno, `standard input of process ${pid}`))
    queued = 0
  }
  const feed = (): void => {
    for (let first = waiting[0]; first; first = waiting[0]) {
      const taken = ends.write(first.bytes)
      if (taken === PENDING || taken === 0) return
      if (taken < 0) {
        refuse(-taken)
        return
      }
      queued -= taken
      first.bytes = first.bytes.subarray(taken)
      if (first.bytes.length > 0) return
      waiting.shift()
      first.resolve()
    }
    if (isEnding) ends.end()
    isEnding = false
  }
  const offer = (bytes: Uint8Array): Promise<void> => {
    if (bytes.length === 0) return Promise.resolve()
    queued += bytes.length
    last = bytes.at(-1) ?? last
    return new Promise((resolve, reject) => {
      waiting.push({ bytes, resolve, reject })
      feed()
    })
  }
  const stdio: Stdio = {
    tty: ends.tty,
    drain: (all) => {
      const chunks = ends.drain(all ? Number.MAX_SAFE_INTEGER : Math.min(credit, TURN_BYTES))
      for (const { bytes } of chunks) credit -= bytes.length
      return chunks
    },
    ack: (bytes) => {
      credit = Math.min(CREDIT_BYTES, credit + bytes)
    },
    input: (bytes) => {
      if (queued + bytes.length > INPUT_LIMIT_BYTES) {
        const words = 'the process does not read what it was sent; 16 MiB wait already'
        return Promise.reject(new SysError(ERRNO.NOBUFS, `standard input of process ${pid}`, words))
      }
      return offer(bytes)
    },
    endInput: () => {
      isEnding = true
      // Refused only when the process has ended, which needs no end of its input.
      offer(ends.endMarks(last)).catch(() => {})
      feed()
    },
    feed,
    resize: ends.resize,
    close: () => {
      refuse(ERRNO.PIPE)
      ends.close()
    },
  }
  if (request.stdin) {
    // Refused only when the process ends first, which is its right. All of it is here already, so no limit helps.
    offer(request.stdin).catch(() => {})
    stdio.endInput()
  }
  return stdio
}

const NEWLINE = 10
const EOT = 4

const openTerminal = (
  objects: Objects,
  descriptors: Descriptors,
  pid: number,
  size: { columns: number; rows: number },
): Ends => {
  const tty = check(createTty(objects, size.columns, size.rows), 'terminal')
  setForeground(objects, tty, pid)
  for (const fd of [0, 1, 2]) {
    const access = ACCESS.READ | ACCESS.WRITE
    const facts = { stream: STREAM.TTY, object: tty, access, status: 0, channel: fd === 2 ? 2 : 1 } as const
    check(descriptors.install(check(createOpenFile(objects, facts), 'terminal')), 'terminal')
  }
  return {
    tty,
    drain: (max) => ttyDrain(objects, tty, max),
    write: (bytes) => ttyInput(objects, tty, bytes),
    // Behind half a line the first one only ends that line (POSIX 11.1.9, EOF).
    endMarks: (last) => new Uint8Array(last === NEWLINE ? [EOT] : [EOT, EOT]),
    end: () => {},
    resize: (columns, rows) => resizeTty(objects, tty, columns, rows),
    close: () => {
      hangUpTty(objects, tty)
      releaseTty(objects, tty)
    },
  }
}

const NOTHING = new Uint8Array(0)

const openPipes = (objects: Objects, descriptors: Descriptors): Ends => {
  const [input, output, errors] = threePipes(objects)
  for (const file of [input.reader, output.writer, errors.writer]) check(descriptors.install(file), 'pipe')
  const sources = [
    { channel: 1 as const, pipe: fileObject(objects, output.reader) },
    { channel: 2 as const, pipe: fileObject(objects, errors.reader) },
  ]
  const sink = fileObject(objects, input.writer)
  // The kernel sleeps on its own wake word: a write to these pipes, or a read from that one, wakes it.
  const sets = [...sources.map(({ pipe }) => pipe + PIPE.READ_WAITERS), sink + PIPE.WRITE_WAITERS]
  for (const set of sets) objects.waits.join(set)
  let isOpen = true
  const closeInput = (): void => {
    if (!isOpen) return
    isOpen = false
    objects.waits.leave(sink + PIPE.WRITE_WAITERS)
    releaseFile(objects, input.writer)
  }
  return {
    tty: 0,
    drain: (max) => {
      const chunks: OutputChunk[] = []
      let left = max
      for (const { channel, pipe } of sources) {
        const bytes = drainPipe(objects, pipe, left)
        if (bytes.length > 0) chunks.push({ channel, bytes })
        left -= bytes.length
      }
      return chunks
    },
    write: (bytes) => (isOpen ? pipeWrite(objects, sink, spanOf(bytes), 0) : -ERRNO.PIPE),
    endMarks: () => NOTHING,
    end: closeInput,
    resize: () => {},
    close: () => {
      closeInput()
      for (const { pipe } of sources) objects.waits.leave(pipe + PIPE.READ_WAITERS)
      releaseFile(objects, output.reader)
      releaseFile(objects, errors.reader)
    },
  }
}

type Pipe = Exclude<ReturnType<typeof openPipe>, number>

/** All three or none. */
const threePipes = (objects: Objects): [Pipe, Pipe, Pipe] => {
  const pipes: Pipe[] = []
  for (;;) {
    const made = openPipe(objects)
    if (typeof made === 'number') {
      for (const { reader, writer } of pipes) for (const file of [reader, writer]) releaseFile(objects, file)
      throw new SysError(-made, 'pipe')
    }
    pipes.push(made)
    const [input, output, errors] = pipes
    if (input && output && errors) return [input, output, errors]
  }
}

const drainPipe = (objects: Objects, pipe: number, max: number): Uint8Array => {
  const bytes = new Uint8Array(Math.min(max, TURN_BYTES))
  if (bytes.length === 0) return bytes
  const taken = pipeRead(objects, pipe, spanOf(bytes))
  return bytes.slice(0, Math.max(taken, 0))
}
