/** What the contract suites (contract-*.test.ts) run over: the real filesystem and the reference, and short forms of the calls. */
import { check } from '../abi/errno.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles, createPathFiles, emptyStat, type PathFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { createReference } from './reference.ts'
import { type PathBytes, type Stat, type Vfs, WALK } from './types.ts'
import { attachVfs } from './vfs.ts'

export interface Subject {
  vfs: Vfs
  files: PathFiles
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const path = (text: string): PathBytes => ({
  bytes: encode(text),
  start: 0,
  length: encode(text).length,
})

/** The calls with strings, from the root, following links. */
export const short = ({ vfs }: Subject) => ({
  lookup: (name: string, flags: number = WALK.FOLLOW, at = vfs.root) =>
    vfs.lookup(at, encode(name), 0, encode(name).length, flags),
  open: (name: string, how = 0, flags: number = WALK.FOLLOW, at = vfs.root) =>
    vfs.open(at, encode(name), 0, encode(name).length, flags, how, 0o644),
  mkdir: (name: string) => vfs.mkdir(vfs.root, encode(name), 0, encode(name).length, 0, 0o755),
  rmdir: (name: string) => vfs.rmdir(vfs.root, encode(name), 0, encode(name).length, 0),
  unlink: (name: string) => vfs.unlink(vfs.root, encode(name), 0, encode(name).length, 0),
  rename: (from: string, to: string) => vfs.rename(vfs.root, path(from), vfs.root, path(to), 0),
  link: (from: string, to: string, flags = 0) => vfs.link(vfs.root, path(from), vfs.root, path(to), flags),
  symlink: (target: string, name: string) => vfs.symlink(path(target), vfs.root, path(name), 0),
  stat: (inode: number): Stat => {
    const out = emptyStat()
    check(vfs.stat(inode, out))
    return out
  },
})

export type Calls = ReturnType<typeof short>
/** Registers one sentence of the contract. */
export type Run = (sentence: string, work: (subject: Subject, calls: Calls) => void) => void

export const SUBJECTS: readonly { name: string; make: () => Subject }[] = [
  {
    name: 'shared memory',
    make: () => {
      const memory = createMemory()
      formatVfs(memory)
      const vfs = attachVfs(memory)
      return { vfs, files: createFiles(vfs) }
    },
  },
  {
    name: 'reference',
    make: () => {
      const vfs = createReference()
      return { vfs, files: createPathFiles(vfs) }
    },
  },
]
