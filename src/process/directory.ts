/**
 * fd_readdir: entries one after the other, the last one cut off where the buffer ends. A caller sees from a full buffer that
 * there is more, and goes on with the cookie of the last whole entry.
 *
 *   d_next u64 · d_ino u64 · d_namlen u32 · d_type u8 · 3 bytes padding · name      (written by vfs/list.ts)
 */
import { ERRNO } from '../abi/errno.ts'
import { RIGHTS } from '../abi/wasi.ts'
import { directoryOf } from './capability.ts'
import { fits } from './guest.ts'
import type { Process } from './process.ts'

const COUNT_BYTES = 4
/** No cookie is above it; what is, comes after the last entry. */
const HIGHEST_COOKIE = 0x7fffffff

export const directoryCalls = (process: Process) => {
  const { guest, vfs } = process
  return {
    fd_readdir: (fd: number, buffer: number, length: number, cookie: bigint, out: number): number => {
      process.enter()
      const start = buffer >>> 0
      if (!fits(guest, start, length >>> 0) || !fits(guest, out >>> 0, COUNT_BYTES)) return ERRNO.FAULT
      const inode = directoryOf(process, fd, RIGHTS.FD_READDIR)
      if (inode < 0) return -inode
      const from = Math.min(Number(BigInt.asUintN(64, cookie)), HIGHEST_COOKIE)
      const used = vfs.readdirWasi(inode, from, guest.u8, guest.view, start, length >>> 0)
      if (used < 0) return -used
      guest.view.setUint32(out >>> 0, used, true)
      return ERRNO.SUCCESS
    },
  }
}
