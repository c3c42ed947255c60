/**
 * Signals, groups and terminals for scripts: what `qjs:os` offers as signal, getpgid, setpgid, setsid, tcsetpgrp and so on. Handlers
 * run between jobs, as QuickJS has it; what waits is interrupted so that there is such a moment.
 */
import { ERRNO } from '../../abi/errno.ts'
import { PROCESS, processAt } from '../../memory/layout.ts'
import { getWord } from '../../memory/slots.ts'
import { foregroundOperation, getGroup, getSession, newSession, setGroup } from '../../objects/jobs.ts'
import { locked } from '../../objects/objects.ts'
import { setBlocked, setDisposition } from '../../objects/signal.ts'
import { openSignalFile, takeOneOf } from '../../objects/signal-file.ts'
import { ttyOf } from '../../objects/stream.ts'
import { getForeground } from '../../objects/tty.ts'
import type { Process } from '../../process/process.ts'
import { waitIn } from '../../process/waiting.ts'

const KINDS = ['default', 'ignore', 'handle'] as const

export interface Caught {
  /** Takes the handled signals that are pending; they are told by `take`. */
  collect(): void
  take(): number[]
}

/** Signals that came while the script was busy, until its handlers have run. */
export const createCaught = (process: Process): Caught => {
  const { objects } = process
  let signals: number[] = []
  const collect = (): void => {
    const handled = getWord(objects.memory, processAt(objects.slot) + PROCESS.HANDLED)
    for (let signal = takeOneOf(objects, handled); signal > 0; signal = takeOneOf(objects, handled))
      signals.push(signal)
  }
  return {
    collect,
    take: () => {
      collect()
      const taken = signals
      signals = []
      return taken
    },
  }
}

/** For reads and writes: a signal that is handled later does not cut them short (SA_RESTART). */
export const restarting = (caught: Caught, run: () => number): number => {
  for (;;) {
    const result = run()
    if (result !== -ERRNO.INTR) return result
    caught.collect()
  }
}

export const createJobCalls = (process: Process, caught: Caught) => {
  const { objects, descriptors } = process
  const terminal = (fd: number, act: (tty: number) => number): number => {
    process.enter()
    const file = descriptors.get(fd)
    const tty = file < 0 ? file : ttyOf(objects, file)
    return tty < 0 ? tty : act(tty)
  }
  return {
    disposition: (signal: number, kind: number): number =>
      setDisposition(objects, signal, KINDS[kind] ?? 'default'),
    caught: (): string => JSON.stringify(caught.take()),
    block: (mask: number): number => setBlocked(objects, mask),
    signalfd: (mask: number): number => {
      process.enter()
      // A kill takes the lock: it comes before the file is made, or after it has its descriptor.
      return locked(objects, () => {
        const file = openSignalFile(objects, mask)
        return file < 0 ? file : descriptors.install(file)
      })
    },
    getpgid: (pid: number): number => getGroup(objects, pid),
    getsid: (pid: number): number => getSession(objects, pid),
    setpgid: (pid: number, group: number): number => setGroup(objects, pid, group),
    setsid: (): number => newSession(objects),
    tcgetpgrp: (fd: number): number => terminal(fd, (tty) => getForeground(objects, tty)),
    tcsetpgrp: (fd: number, group: number): number =>
      terminal(fd, (tty) => waitIn(process, foregroundOperation(objects, tty, group))),
  }
}
