/**
 * What a process may see: directories that are open when it starts, from descriptor 3 on.
 *
 * WASI's libc has no working directory of its own: it starts at "/". So unless told otherwise (or the runtime does better: our
 * Python goes to $PWD by itself), the working directory is
 * given the name "/", and each top-level directory of the machine its own name; a longer name wins, so that "data.txt" and
 * "/usr/lib" both mean what the user expects.
 */
import type { Preopen, SpawnRequest } from '../abi/control.ts'
import { check, ERRNO, SysError } from '../abi/errno.ts'
import type { Objects } from '../objects/objects.ts'
import { createOpenFile } from '../objects/open-file.ts'
import { ACCESS, type Descriptors, STREAM } from '../objects/types.ts'
import { type Files, KIND } from '../vfs/types.ts'

/** Descriptors 0 to 2 are the standard streams; a preopen never takes the place of a closed one. */
const FIRST_PREOPEN = 3
const encoder = new TextEncoder()

export const choosePreopens = (
  files: Files,
  request: Pick<SpawnRequest, 'preopens' | 'cwd'>,
  startsInPwd: boolean,
): Preopen[] => {
  if (request.preopens) return request.preopens
  if (startsInPwd) return [{ name: '/', path: '/', readonly: false }]
  const top = files.readdir('/').filter(({ kind }) => kind === KIND.DIRECTORY)
  const named = top.map(({ name }) => ({ name: `/${name}`, path: `/${name}`, readonly: name === 'proc' }))
  return [{ name: '/', path: request.cwd, readonly: false }, ...named]
}

/** With a runtime's own trees under the names that it looks for, where the process sees those names at all. */
export const withTrees = (preopens: Preopen[], trees: readonly Preopen[] = []): Preopen[] => [
  ...preopens,
  ...trees.filter(({ name }) => leadsTo(name, preopens) === name),
]

/**
 * What a process calls a directory of the machine: its own name where that leads to it, else the first name that does (a
 * process whose "/" is /home/project calls that one "/"). "/" where no preopen holds it.
 */
export const nameInside = (path: string, preopens: readonly Preopen[]): string => {
  const names = preopens
    .filter((preopen) => holds(preopen.path, path))
    .map(({ name, path: root }) => join(name, restOf(root, path)))
  return [path, ...names].find((name) => leadsTo(name, preopens) === path) ?? '/'
}

/** Where a guest's name leads: the preopen with the longest name that holds it answers. */
const leadsTo = (name: string, preopens: readonly Preopen[]): string | null => {
  const [best] = preopens
    .filter((preopen) => holds(preopen.name, name))
    .sort((a, b) => b.name.length - a.name.length)
  return best ? join(best.path, restOf(best.name, name)) : null
}

const holds = (folder: string, path: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`)

/** Without a slash in front; '' for the folder itself. */
const restOf = (folder: string, path: string): string =>
  folder === '/' ? path.slice(1) : path.slice(folder.length + 1)

const join = (folder: string, rest: string): string =>
  rest === '' ? folder : `${folder === '/' ? '' : folder}/${rest}`

/** @throws SysError ENOENT or ENOTDIR naming the preopen. */
export const openPreopens = (
  objects: Objects,
  files: Files,
  descriptors: Descriptors,
  preopens: readonly Preopen[],
): void => {
  for (const preopen of preopens) {
    const stat = files.stat(preopen.path)
    if (stat.kind !== KIND.DIRECTORY) throw new SysError(ERRNO.NOTDIR, preopen.path)
    objects.vfs.pin(stat.inode)
    const facts = { stream: STREAM.DIRECTORY, object: stat.inode, access: ACCESS.READ, status: 0 }
    const file = check(createOpenFile(objects, facts), preopen.path)
    const fd = check(descriptors.install(file, { from: FIRST_PREOPEN }), preopen.path)
    check(descriptors.setPreopen(fd, encoder.encode(preopen.name), preopen.readonly), preopen.path)
  }
}
