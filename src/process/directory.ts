/**
 * fd_readdir: entries one after the other, the last one cut off where the buffer ends. A caller sees from a full buffer that
 * there is more, and goes on with the cookie of the last whole entry.
 *
 *   d_next u64 · d_ino u64 · d_namlen u32 · d_type u8 · 3 bytes padding · name
 */
import { ERRNO } from '../abi/errno.ts'
import { FILETYPE, RIGHTS, SIZE } from '../abi/wasi.ts'
import { directoryOf } from './capability.ts'
import { FILETYPE_OF_KIND } from './filestat.ts'
import { fits, putU64 } from './guest.ts'
import type { Process } from './process.ts'

const COUNT_BYTES = 4
const HIGHEST_COOKIE = BigInt(Number.MAX_SAFE_INTEGER)

export const directoryCalls = (process: Process) => {
  const { guest, vfs } = process
  const head = new Uint8Array(SIZE.DIRENT)
  const headView = new DataView(head.buffer)
  let at = 0
  let end = 0

  /** As much of it as fits; false when the buffer is full. */
  const put = (bytes: Uint8Array): boolean => {
    const room = end - at
    if (bytes.length > room) guest.u8.set(bytes.subarray(0, room), at)
    else guest.u8.set(bytes, at)
    at += Math.min(bytes.length, room)
    return at < end
  }
  const visit = (next: number, inode: number, kind: number, name: Uint8Array): boolean => {
    putU64(headView, 0, next)
    putU64(headView, 8, inode)
    headView.setUint32(16, name.length, true)
    headView.setUint32(20, FILETYPE_OF_KIND[kind] ?? FILETYPE.UNKNOWN, true)
    return put(head) && put(name)
  }

  return {
    fd_readdir: (fd: number, buffer: number, length: number, cookie: bigint, out: number): number => {
      process.enter()
      const start = buffer >>> 0
      if (!fits(guest, start, length >>> 0) || !fits(guest, out >>> 0, COUNT_BYTES)) return ERRNO.FAULT
      const inode = directoryOf(process, fd, RIGHTS.FD_READDIR)
      if (inode < 0) return -inode
      const from = BigInt.asUintN(64, cookie)
      if (from > HIGHEST_COOKIE) return ERRNO.INVAL
      at = start
      end = start + (length >>> 0)
      const result = at < end ? vfs.readdir(inode, Number(from), visit) : 0
      if (result < 0) return -result
      guest.view.setUint32(out >>> 0, at - start, true)
      return ERRNO.SUCCESS
    },
  }
}
