/** What a child gets of its parent's descriptors: the same open files, under the numbers that were asked for. */
import { ERRNO } from '../abi/errno.ts'
import { ALL_RIGHTS_OF_CAPABILITY, grantFile } from './capability.ts'
import { createDescriptors } from './descriptors.ts'
import { locked, type Objects } from './objects.ts'
import { addReference, releaseFile, streamKind } from './open-file.ts'
import { type Descriptors, STREAM } from './types.ts'

/**
 * Fills a child's empty table from its parent's, as the pairs of parent's and child's descriptors say. 0, -EBADF when the
 * parent has no such descriptor, -EMFILE; on refusal what was done is undone. Rights come along; preopens are set anew.
 *
 * A capability is not shared but derived, with the rights that a pair names third, so that the parent can revoke it: -EACCES
 * where it may not be handed on, -ESTALE, and -ENOTSUP for a program that has no use for one (`takesCapabilities`).
 */
export const inheritDescriptors = (
  objects: Objects,
  fromSlot: number,
  toSlot: number,
  pairs: readonly (readonly [parent: number, child: number, rights?: number])[],
  takesCapabilities = false,
): number =>
  locked(objects, () => {
    const from = createDescriptors(objects, fromSlot)
    const to = createDescriptors(objects, toSlot)
    for (const [parent, child, rights = ALL_RIGHTS_OF_CAPABILITY] of pairs) {
      const result = inherit(objects, from, to, [parent, child, takesCapabilities ? rights : 0])
      if (result === child) continue
      to.closeAll()
      return result < 0 ? result : -ERRNO.BADF
    }
    return 0
  })

const inherit = (
  objects: Objects,
  from: Descriptors,
  to: Descriptors,
  [parent, child, rights]: readonly [parent: number, child: number, rights: number],
): number => {
  const own = from.get(parent)
  if (own < 0) return own
  if (child < 0) return -ERRNO.BADF
  const file = handOn(objects, own, rights)
  if (file < 0) return file
  to.close(child)
  const { base, inheriting } = from.rights(parent)
  const made = to.install(file, { from: child, base, inheriting })
  if (made < 0) releaseFile(objects, file)
  else if (made !== child) to.close(made)
  return made
}

/** A reference for the child. */
const handOn = (objects: Objects, file: number, rights: number): number => {
  if (streamKind(objects, file) === STREAM.CAPABILITY)
    return rights === 0 ? -ERRNO.NOTSUP : grantFile(objects, file, rights)
  addReference(objects, file)
  return file
}
