/**
 * Watches that programs read (objects/watch-file.ts): like those of the page, by a picture of the folder that is compared when
 * anything changed at all. The kernel keeps the pictures, the records lie in shared memory.
 *
 * Invariant: the picture is taken before the caller has its descriptor, so no change after that is missed; what is closed is
 * noticed by the block's generation.
 */
import { check, ERRNO, SysError } from '../abi/errno.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import type { Objects } from '../objects/objects.ts'
import { fileObject, releaseFile, streamKind } from '../objects/open-file.ts'
import { generation } from '../objects/pool.ts'
import { STREAM } from '../objects/types.ts'
import { CHANGE, openWatch, putChange } from '../objects/watch-file.ts'
import type { Files } from '../vfs/types.ts'
import { differences, type Picture, takePicture } from './watch.ts'

export interface WatchFiles {
  /** Descriptor in the table of that slot. @throws SysError EBADF, ENOTDIR, EMFILE, ENOMEM */
  add(slot: number, fd: number): number
  look(): void
  /** Forgets what was closed. */
  sweep(): void
  readonly isEmpty: boolean
}

interface Watched {
  watch: number
  born: number
  /** Pinned. */
  folder: number
  path: string
  picture: Picture
}

export const createWatchFiles = (objects: Objects, files: Files): WatchFiles => {
  const { vfs } = objects
  const encoder = new TextEncoder()
  const watches = new Set<Watched>()
  let { cursor } = vfs.changes(-1)

  const folderOf = (slot: number, fd: number): number => {
    const file = check(createDescriptors(objects, slot).get(fd), `descriptor ${fd}`)
    if (streamKind(objects, file) !== STREAM.DIRECTORY) throw new SysError(ERRNO.NOTDIR, `descriptor ${fd}`)
    return fileObject(objects, file)
  }
  const forget = (each: Watched): void => {
    watches.delete(each)
    vfs.unpin(each.folder)
  }
  const sweep = (): void => {
    for (const each of watches) if (generation(objects, each.watch) !== each.born) forget(each)
  }
  const put = (each: Watched, mask: number, path: string): void =>
    putChange(objects, each.watch, mask, encoder.encode(path))
  const compare = (each: Watched): void => {
    const path = vfs.path(each.folder)
    if (path === undefined) {
      put(each, CHANGE.GONE, '')
      forget(each)
      return
    }
    const picture = takePicture(files, path, each.path)
    for (const { path: at, mask } of differences(each.picture, picture))
      put(each, mask, at.slice(each.path.length + 1))
    each.picture = picture
  }
  return {
    get isEmpty() {
      return watches.size === 0
    },
    add: (slot, fd) => {
      const folder = folderOf(slot, fd)
      const path = vfs.path(folder)
      if (path === undefined) throw new SysError(ERRNO.NOENT, `descriptor ${fd}`)
      const made = openWatch(objects)
      if (typeof made === 'number') throw new SysError(-made, 'watch')
      const given = createDescriptors(objects, slot).install(made.file, { closeOnExec: true })
      if (given < 0) {
        releaseFile(objects, made.file)
        throw new SysError(-given, 'watch')
      }
      vfs.pin(folder)
      const born = generation(objects, made.watch)
      watches.add({ watch: made.watch, born, folder, path, picture: takePicture(files, path) })
      return given
    },
    sweep,
    look: () => {
      sweep()
      if (watches.size === 0) return
      const changes = vfs.changes(cursor)
      cursor = changes.cursor
      if (changes.inodes.length === 0 && !changes.overflow) return
      for (const each of watches) compare(each)
    },
  }
}
