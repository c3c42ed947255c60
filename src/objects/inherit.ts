/** What a child gets of its parent's descriptors: the same open files, under the numbers that were asked for. */
import { ERRNO } from '../abi/errno.ts'
import { createDescriptors } from './descriptors.ts'
import { locked, type Objects } from './objects.ts'
import { addReference, releaseFile } from './open-file.ts'
import type { Descriptors } from './types.ts'

/**
 * Fills a child's empty table from its parent's, as the pairs of parent's and child's descriptors say. 0, -EBADF when the
 * parent has no such descriptor, -EMFILE; on refusal what was done is undone. Rights come along; preopens are set anew.
 */
export const inheritDescriptors = (
  objects: Objects,
  fromSlot: number,
  toSlot: number,
  pairs: readonly (readonly [number, number])[],
): number =>
  locked(objects, () => {
    const from = createDescriptors(objects, fromSlot)
    const to = createDescriptors(objects, toSlot)
    for (const [parent, child] of pairs) {
      const result = inherit(objects, from, to, parent, child)
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
  parent: number,
  child: number,
): number => {
  const file = from.get(parent)
  if (file < 0) return file
  if (child < 0) return -ERRNO.BADF
  to.close(child)
  addReference(objects, file)
  const { base, inheriting } = from.rights(parent)
  const made = to.install(file, { from: child, base, inheriting })
  if (made < 0) releaseFile(objects, file)
  else if (made !== child) to.close(made)
  return made
}
