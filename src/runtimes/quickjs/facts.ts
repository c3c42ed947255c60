/** What a process may ask and change about itself and its surroundings, for scripts: umask, chmod, chdir, statfs, terminals, the pulse. */
import { ERRNO } from '../../abi/errno.ts'
import { terminalOperation } from '../../objects/jobs.ts'
import { createProc } from '../../objects/proc.ts'
import { statStore } from '../../objects/statfs.ts'
import { ttyOf } from '../../objects/stream.ts'
import { rawTermios, type Termios } from '../../objects/termios.ts'
import { getTermios, resizeTty, setTermios, ttySize } from '../../objects/tty.ts'
import type { Process } from '../../process/process.ts'
import { createPulseFace } from '../../process/pulse.ts'
import { waitIn } from '../../process/waiting.ts'
import type { Caught } from './jobs.ts'
import type { Paths } from './paths.ts'

const MODE_BITS = 0o7777
/** Columns and rows of struct winsize. */
const SIZE_MAX = 0xffff

export const createFactCalls = (process: Process, paths: Paths, caught: Caught) => {
  const { objects, descriptors } = process
  const proc = createProc(objects)
  const pulse = process.pulse ? createPulseFace(process, process.pulse) : null
  const terminal = <T>(fd: number, act: (tty: number) => T): T | number => {
    process.enter()
    const file = descriptors.get(fd)
    const tty = file < 0 ? file : ttyOf(objects, file)
    return tty < 0 ? tty : act(tty)
  }
  /** From the background it is SIGTTOU first, as POSIX has it. */
  const change = (fd: number, act: (tty: number) => void): number =>
    terminal(fd, (tty) => {
      const acted = (): number => {
        act(tty)
        return 0
      }
      const result = waitIn(process, terminalOperation(objects, tty, acted))
      if (result === -ERRNO.INTR) caught.collect()
      return result
    })
  return {
    umask: (mask: number): number => {
      process.enter()
      return mask < 0 ? proc.umask() : proc.setUmask(mask)
    },
    chmod: (path: string, mode: number): number => {
      process.enter()
      return paths.chmod(path, mode & MODE_BITS)
    },
    mode: (path: string): number => {
      process.enter()
      return paths.mode(path)
    },
    chdir: (path: string): number => {
      process.enter()
      return paths.chdir(path, proc.setCwd)
    },
    cwd: (): string => paths.cwd(),
    statfs: (path: string): string => {
      process.enter()
      const kind = paths.kind(path)
      return JSON.stringify(kind < 0 ? { result: kind } : { result: 0, ...statStore(objects) })
    },
    termios: (fd: number): string | number => terminal(fd, (tty) => JSON.stringify(getTermios(objects, tty))),
    setTermios: (fd: number, text: string): number => {
      const wanted: Termios = JSON.parse(text)
      return change(fd, (tty) => setTermios(objects, tty, wanted))
    },
    setRaw: (fd: number): number =>
      change(fd, (tty) => setTermios(objects, tty, rawTermios(getTermios(objects, tty)))),
    winsize: (fd: number): string | number => terminal(fd, (tty) => JSON.stringify(ttySize(objects, tty))),
    setWinsize: (fd: number, columns: number, rows: number): number => {
      const fits = [columns, rows].every((each) => Number.isInteger(each) && each >= 0 && each <= SIZE_MAX)
      return fits ? change(fd, (tty) => resizeTty(objects, tty, columns, rows)) : -ERRNO.INVAL
    },
    pulseWant: (wish: number): number => {
      process.enter()
      return pulse?.want(wish) ?? -ERRNO.NOSYS
    },
    pulse: (): string =>
      JSON.stringify({
        ticks: pulse?.ticks() ?? 0,
        signals: pulse?.signals() ?? 0,
        number: pulse?.takeNumber() ?? 0,
      }),
  }
}
