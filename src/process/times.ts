/** The four flags of *_set_times as two times. */
import { FSTFLAGS } from '../abi/wasi.ts'

const ALL = FSTFLAGS.ATIM | FSTFLAGS.ATIM_NOW | FSTFLAGS.MTIM | FSTFLAGS.MTIM_NOW
/** The filesystem leaves a time below zero alone. */
const KEEP = -1n

/** Nanoseconds, or undefined where both a time and "now" are asked for, or an unknown flag. */
export const timesOf = (
  flags: number,
  atime: bigint,
  mtime: bigint,
  now: () => bigint,
): { atime: bigint; mtime: bigint } | undefined => {
  const both = (value: number, current: number): boolean => (flags & value) !== 0 && (flags & current) !== 0
  if (flags & ~ALL || both(FSTFLAGS.ATIM, FSTFLAGS.ATIM_NOW) || both(FSTFLAGS.MTIM, FSTFLAGS.MTIM_NOW))
    return undefined
  const choose = (value: number, current: number, time: bigint): bigint => {
    if (flags & current) return now()
    return flags & value ? BigInt.asIntN(63, time) : KEEP
  }
  return {
    atime: choose(FSTFLAGS.ATIM, FSTFLAGS.ATIM_NOW, atime),
    mtime: choose(FSTFLAGS.MTIM, FSTFLAGS.MTIM_NOW, mtime),
  }
}
