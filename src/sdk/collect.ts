/** From a directory handle or an archive to packed files: everything in it, as far as the machine can hold it. */
import { ERRNO, SysError } from '../abi/errno.ts'
import type { Unzip } from '../lib/unzip.ts'
import { openArchive } from '../project/archive.ts'
import { DEFAULT_IGNORES } from '../project/defaults.ts'
import { sourceFromHandle } from '../project/folder.ts'
import { MAX_LIMITS } from '../project/limits.ts'
import { loadPlan } from '../project/load.ts'
import { packProject } from '../project/pack.ts'
import type { Source } from '../project/source.ts'
import { walk } from '../project/walk.ts'
import type { LeftOut } from './types.ts'
import { createUnzipping } from './unzip.ts'

export interface Collected {
  tree: Uint8Array<ArrayBuffer>
  leftOut: LeftOut[]
}

/** @param archive URL of the worker that unpacks. @throws SysError EIO when the source ends half-way; ZipError for what is no archive. */
export const collect = async (
  source: FileSystemDirectoryHandle | Uint8Array | Blob,
  archive: string,
): Promise<Collected> => {
  const unzipping = createUnzipping(archive)
  try {
    return await gather(await open(source, unzipping.unzip))
  } finally {
    unzipping.close()
  }
}

const gather = async (source: Source): Promise<Collected> => {
  const plan = await walk(source, {
    limits: MAX_LIMITS,
    gitignore: false,
    defaultsOff: DEFAULT_IGNORES.map(({ id }) => id),
  })
  const project = await loadPlan(plan)
  if (project.broken) throw new SysError(ERRNO.IO, project.broken.path, project.broken.message)
  const leftOut = project.leftOut.map(({ path, reason }) => ({ path, reason }))
  return { tree: packProject(project), leftOut }
}

const open = async (source: FileSystemDirectoryHandle | Uint8Array | Blob, unzip: Unzip): Promise<Source> => {
  // The caller's own bytes stay the caller's.
  if (source instanceof Uint8Array) return openArchive('archive.zip', new Uint8Array(source), unzip)
  if (source instanceof Blob)
    return openArchive('archive.zip', new Uint8Array(await source.arrayBuffer()), unzip)
  return sourceFromHandle(source)
}
