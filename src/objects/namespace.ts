/**
 * Namespaces: names of ports, as far as whoever made the namespace lets them be seen. There is no namespace of all: a process finds
 * a name only in one that it was given.
 *
 *   namespace ─FIRST─► [ next │ capability │ length │ bytes … ] ─► …
 *
 * Invariant: each name holds a capability of its port, derived from its maker's; a name whose port has ended, or whose maker has
 * revoked it, is gone as soon as anybody looks.
 */
import { ERRNO } from '../abi/errno.ts'
import { addCapability, CAPABILITY, isAlive, releaseCapability } from './capability.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { copyBytes } from './spans.ts'
import { TARGET } from './target.ts'

const NAME = { NEXT: 0, CAPABILITY: 1, LENGTH: 2 } as const
const HEAD_WORDS = 3
/** Bytes of a name. */
export const NAME_BYTES_MAX = 64
/** Names of one namespace. */
export const NAMES_MAX = 256

const sizeOf = (length: number): number => HEAD_WORDS * 4 + length

/** Drops the names that lead nowhere any more. The caller holds the lock. */
const sweep = (objects: Objects, namespace: number): void => {
  let link = namespace + TARGET.FIRST
  while (word(objects, link) !== 0) {
    const name = word(objects, link)
    const capability = word(objects, name + NAME.CAPABILITY)
    const hasEnded = word(objects, word(objects, capability + CAPABILITY.TARGET) + TARGET.HAS_ENDED) !== 0
    if (!hasEnded && isAlive(objects, capability)) {
      link = name + NAME.NEXT
      continue
    }
    setWordAt(objects, link, word(objects, name + NAME.NEXT))
    setWordAt(objects, namespace + TARGET.COUNT, word(objects, namespace + TARGET.COUNT) - 1)
    objects.heap.free(name, sizeOf(word(objects, name + NAME.LENGTH)))
    releaseCapability(objects, capability)
  }
}

/** The capability that is bound to a name, or -ENOENT. The caller holds the lock. */
export const findName = (objects: Objects, namespace: number, name: Uint8Array): number => {
  sweep(objects, namespace)
  let at = word(objects, namespace + TARGET.FIRST)
  for (; at !== 0; at = word(objects, at + NAME.NEXT))
    if (isName(objects, at, name)) return word(objects, at + NAME.CAPABILITY)
  return -ERRNO.NOENT
}

const isName = (objects: Objects, at: number, name: Uint8Array): boolean => {
  if (word(objects, at + NAME.LENGTH) !== name.length) return false
  const from = (at + HEAD_WORDS) * 4
  return name.every((byte, index) => objects.memory.u8[from + index] === byte)
}

/**
 * Gives a port a name, by a capability derived from one that leads to it: 0, -EEXIST, -ENOSPC, -errno of the heap. The caller holds
 * the lock.
 */
export const bindName = (
  objects: Objects,
  namespace: number,
  name: Uint8Array,
  from: number,
  rights: number,
): number => {
  const found = findName(objects, namespace, name)
  if (found >= 0) return -ERRNO.EXIST
  if (word(objects, namespace + TARGET.COUNT) >= NAMES_MAX) return -ERRNO.NOSPC
  const at = objects.heap.allocate(sizeOf(name.length))
  if (at < 0) return at
  objects.memory.refresh()
  const target = word(objects, from + CAPABILITY.TARGET)
  const bound = addCapability(objects, target, rights, { via: from, origin: 0 })
  if (bound < 0) {
    objects.heap.free(at, sizeOf(name.length))
    return bound
  }
  copyBytes(name, 0, objects.memory.u8, (at + HEAD_WORDS) * 4, name.length)
  objects.memory.i32.set([word(objects, namespace + TARGET.FIRST), bound, name.length], at)
  setWordAt(objects, namespace + TARGET.FIRST, at)
  setWordAt(objects, namespace + TARGET.COUNT, word(objects, namespace + TARGET.COUNT) + 1)
  return 0
}

/** All names are given back. The caller holds the lock. */
export const emptyNames = (objects: Objects, namespace: number): void => {
  for (
    let at = word(objects, namespace + TARGET.FIRST);
    at !== 0;
    at = word(objects, namespace + TARGET.FIRST)
  ) {
    setWordAt(objects, namespace + TARGET.FIRST, word(objects, at + NAME.NEXT))
    setWordAt(objects, namespace + TARGET.COUNT, word(objects, namespace + TARGET.COUNT) - 1)
    const capability = word(objects, at + NAME.CAPABILITY)
    objects.heap.free(at, sizeOf(word(objects, at + NAME.LENGTH)))
    releaseCapability(objects, capability)
  }
}
