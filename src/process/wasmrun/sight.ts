/**
 * What the imports of this folder see of the guest's memory, and how they begin.
 *
 * Invariant: `begin` is the first thing every import does. It also makes sure of some stack, so that a guest that recurses to the
 * last byte is refused here, where nothing has changed, and not in the middle of a list. What a call makes is in the descriptor
 * table before the lock is let go: a process may be killed at any moment in which it does not hold it, and only what is in its
 * table is given back.
 */

import { locked } from '../../objects/objects.ts'
import { releaseFile } from '../../objects/open-file.ts'
import { rightsThatApply } from '../capability.ts'
import { fits } from '../guest.ts'
import type { Process } from '../process.ts'

/** Frames that no call of this folder needs, each of several words. */
const SPARE_FRAMES = 200

const spare = (frames: number): number => (frames === 0 ? 0 : spare(frames - 1) + 1)

export interface Sight {
  begin(): void
  /** Whether [at, at + bytes) is the guest's; the values are made unsigned. */
  has(at: number, bytes: number): boolean
  /** A copy; the caller has asked `has`. */
  bytes(at: number, length: number): Uint8Array
  /** Text up to its NUL byte, of at most `most` bytes; undefined when it does not end within the memory and the limit. */
  text(at: number, most: number): string | undefined
  word(at: number): number
  put(at: number, value: number): void
  /** A descriptor for an open file that was just made, or -errno; the reference is taken over in any case. Under the lock. */
  keep(file: number): number
  /** What `make` makes becomes a descriptor, whose number is put at `out`: 0 or errno. */
  give(make: () => number, out: number): number
}

const decoder = new TextDecoder()

export const createSight = (process: Process): Sight => {
  const { guest, descriptors, objects } = process
  const sight: Sight = {
    begin: () => {
      process.enter()
      spare(SPARE_FRAMES)
    },
    has: (at, bytes) => fits(guest, at >>> 0, bytes >>> 0),
    bytes: (at, length) => guest.u8.slice(at >>> 0, (at >>> 0) + (length >>> 0)),
    text: (at, most) => {
      const start = at >>> 0
      const end = guest.u8.subarray(0, Math.min(guest.size, start + most + 1)).indexOf(0, start)
      return end < 0 || start >= guest.size ? undefined : decoder.decode(guest.u8.slice(start, end))
    },
    word: (at) => guest.view.getUint32(at >>> 0, true),
    put: (at, value) => guest.view.setUint32(at >>> 0, value, true),
    keep: (file) => {
      if (file < 0) return file
      const fd = descriptors.install(file, { base: rightsThatApply(objects, file), inheriting: 0 })
      if (fd < 0) releaseFile(objects, file)
      return fd
    },
    give: (make, out) =>
      locked(objects, () => {
        const fd = sight.keep(make())
        if (fd >= 0) sight.put(out, fd)
        return fd < 0 ? -fd : 0
      }),
  }
  return sight
}
