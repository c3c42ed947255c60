/**
 * Window size and modes of a terminal. The modes are written as Linux has them:
 *
 *   0 input │ 4 output │ 8 local │ 12 nine control characters (objects/termios.ts) │ 21 three bytes of nothing
 */
import { ERRNO } from '../../abi/errno.ts'
import { terminalOperation } from '../../objects/jobs.ts'
import { ttyOf } from '../../objects/stream.ts'
import { CONTROLS } from '../../objects/termios.ts'
import { getTermios, resizeTty, setTermios, ttySize } from '../../objects/tty.ts'
import { errnoOf, type Process } from '../process.ts'
import { waitIn } from '../waiting.ts'
import type { Sight } from './sight.ts'

const TERMIOS_BYTES = 24
const CONTROL_AT = 12
/** {rows, columns}, 16 bits each, as in struct winsize. */
const WINSIZE_BYTES = 4

export const terminalCalls = (process: Process, sight: Sight) => {
  const { objects, descriptors, guest } = process
  const ttyBehind = (fd: number): number => {
    const file = descriptors.get(fd)
    return file < 0 ? file : ttyOf(objects, file)
  }
  const onTerminal = (fd: number, at: number, bytes: number, act: (tty: number) => number): number => {
    sight.begin()
    if (!sight.has(at, bytes)) return ERRNO.FAULT
    const tty = ttyBehind(fd)
    return errnoOf(tty < 0 ? tty : act(tty))
  }
  /** From the background it is SIGTTOU first. */
  const changed = (tty: number, act: () => void): number =>
    waitIn(
      process,
      terminalOperation(objects, tty, () => {
        act()
        return 0
      }),
    )
  return {
    winsize_get: (fd: number, out: number): number =>
      onTerminal(fd, out, WINSIZE_BYTES, (tty) => {
        const { columns, rows } = ttySize(objects, tty)
        guest.view.setUint16(out >>> 0, rows, true)
        guest.view.setUint16((out >>> 0) + 2, columns, true)
        return 0
      }),
    winsize_set: (fd: number, at: number): number =>
      onTerminal(fd, at, WINSIZE_BYTES, (tty) => {
        const rows = guest.view.getUint16(at >>> 0, true)
        const columns = guest.view.getUint16((at >>> 0) + 2, true)
        return changed(tty, () => resizeTty(objects, tty, columns, rows))
      }),
    termios_get: (fd: number, out: number): number =>
      onTerminal(fd, out, TERMIOS_BYTES, (tty) => {
        const { input, output, local, control } = getTermios(objects, tty)
        for (const [index, word] of [input, output, local, 0, 0, 0].entries())
          sight.put(out + index * 4, word)
        for (const [index, byte] of control.entries()) guest.u8[(out >>> 0) + CONTROL_AT + index] = byte
        return 0
      }),
    termios_set: (fd: number, at: number): number =>
      onTerminal(fd, at, TERMIOS_BYTES, (tty) => {
        const [input = 0, output = 0, local = 0] = [0, 4, 8].map((offset) => sight.word(at + offset))
        const control = [...sight.bytes(at + CONTROL_AT, CONTROLS)]
        return changed(tty, () => setTermios(objects, tty, { input, output, local, control }))
      }),
  }
}
