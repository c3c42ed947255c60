/** For the tests of saving: machines with a project's mount, what is in it as text, and a random user. */
import { ERRNO } from '../abi/errno.ts'
import { packTree } from '../abi/tree.ts'
import { fingerprint } from '../lib/checksum.ts'
import { createRecovery, type Recovered, type StoredPart } from '../lib/recovery.ts'
import { type Body, isBodyOf, type Part } from '../lib/segment.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { type Arrivals, eachBody } from './arrive.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { emptyMount, mountRecovered } from './home.ts'
import type { Ledger } from './save.ts'
import { type Files, KIND, OPEN, type SharedVfs } from './types.ts'
import { attachVfs } from './vfs.ts'

export const HOME = '/home/project'

export interface TestMachine {
  vfs: SharedVfs
  files: Files
  ledger: Ledger
  recovered: Recovered | null
  /** What is still to come of the project. */
  arrivals: Arrivals
}

export const inodeOf = (vfs: SharedVfs, path: string): number => {
  const bytes = new TextEncoder().encode(path)
  return vfs.lookup(vfs.root, bytes, 0, bytes.length, 0)
}

/** An empty project, or the one that was recovered; in a machine of so many pages of 64 KiB. */
export const createTestMachine = (recovered: Recovered | null = null, pages?: number): TestMachine => {
  const memory = createMemory()
  if (pages !== undefined) setWord(memory, SUPERBLOCK.LIMIT, pages)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const home = recovered ? mountRecovered(vfs, files, HOME, recovered) : emptyMount(vfs, files, HOME)
  const { ledger, arrivals } = home
  return { vfs, files, ledger, arrivals, recovered }
}

/** As it is when its bytes have come. */
const bodyOf = ({ bytes, body }: Part): Body | null =>
  body && { size: body.byteLength, u8: new Uint8Array(body), isLost: !isBodyOf(bytes, body) }

export const stored = (part: Part): StoredPart => ({
  bytes: part.bytes,
  body: bodyOf(part),
  ids: part.ids,
  batch: part.batch,
  commit: part.commit,
})

export const recover = (base: readonly Part[], log: readonly Part[]): Recovered => {
  const recovery = createRecovery()
  for (const part of base) recovery.base(stored(part))
  for (const part of log) recovery.log(stored(part))
  return recovery.finish()
}

/** A machine with a project of which only the heads are there, as the kernel opens it. */
export interface LateMachine extends TestMachine {
  /** The bytes of one file come, as if they were read now. */
  bring(inode: number): number
  /** All that has not come yet. */
  bringAll(): void
}

export const createLateMachine = (parts: readonly Part[], pages?: number): LateMachine => {
  const { recovered, bytes } = recoverHeads(parts)
  const machine = createTestMachine(recovered, pages)
  const { waiting } = machine.arrivals
  const bring = (inode: number): number => {
    const node = waiting.get(inode)
    if (!node) return 0
    eachBody(node, (body) => {
      body.u8 = new Uint8Array(bytes.get(body) ?? new ArrayBuffer(0))
    })
    return machine.arrivals.place(inode) ? 0 : -ERRNO.NOSPC
  }
  machine.vfs.volume.bring = bring
  const bringAll = (): void => {
    for (const inode of [...waiting.keys()]) bring(inode)
    machine.arrivals.end()
  }
  return { ...machine, bring, bringAll }
}

/** And the bytes of the bodies that are still to come. */
export const recoverHeads = (
  parts: readonly Part[],
): { recovered: Recovered; bytes: Map<Body, ArrayBuffer> } => {
  const bytes = new Map<Body, ArrayBuffer>()
  const recovery = createRecovery()
  for (const part of parts) {
    const body = part.body && { size: part.body.byteLength, u8: null, isLost: false }
    if (body && part.body) bytes.set(body, part.body)
    recovery.log({ ...stored(part), body })
  }
  return { recovered: recovery.finish(), bytes }
}

const digest = (bytes: Uint8Array): string => `${bytes.length}:${fingerprint(bytes, 0, bytes.length)}`

/** Every path with its facts and content; hard links are told by the first of their paths. */
export const dump = (files: Files, root = HOME): string[] => {
  const lines: string[] = []
  const first = new Map<number, string>()
  const walk = (path: string): void => {
    const entries = files.readdir(path).sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, kind } of entries) {
      const child = `${path}/${name}`
      const { inode, mode, links, size, mtime, atime, ctime } = files.lstat(child)
      const same = first.get(inode)
      first.set(inode, same ?? child)
      const facts = `${child} ${kind} ${mode.toString(8)} ${links} ${mtime} ${atime} ${ctime}`
      if (same) lines.push(`${facts} = ${same}`)
      else if (kind === KIND.DIRECTORY) lines.push(facts)
      else if (kind === KIND.SYMLINK) lines.push(`${facts} -> ${files.readlink(child)}`)
      else lines.push(`${facts} ${size} ${size < 2e7 ? digest(files.readFile(child)) : ''}`)
      if (kind === KIND.DIRECTORY) walk(child)
    }
  }
  walk(root)
  return lines
}

/** A seeded user who does everything that files allow, mostly where it hurts. */
export const createUser = ({ vfs, files }: TestMachine, random: (below: number) => number): (() => void) => {
  const noise = Uint8Array.from({ length: 300_000 }, () => random(256))
  const names = ['a', 'b', 'c', 'd', 'e', 'long name '.repeat(20), 'é', 'x.py']
  const path = (): string => {
    let result = HOME
    for (let depth = 1 + random(3); depth > 0; depth--) result += `/${names[random(names.length)]}`
    return result
  }
  const withFile = (how: number, work: (inode: number) => void): void => {
    const bytes = new TextEncoder().encode(path())
    const inode = vfs.open(vfs.root, bytes, 0, bytes.length, 0, how, 0o600 + random(0o100))
    if (inode <= 0) return
    if (vfs.kind(inode) === KIND.FILE) work(inode)
    vfs.unpin(inode)
  }
  const sizes = [0, 1, 100, 4096, 65_535, 65_536, 65_537, 140_000, 299_000]
  const size = (): number => sizes[random(sizes.length)] ?? 0
  const acts: (() => void)[] = [
    () => withFile(OPEN.CREATE, (inode) => vfs.write(inode, 0, noise, random(1000), size())),
    () =>
      withFile(OPEN.CREATE, (inode) => vfs.write(inode, random(400_000), noise, random(1000), random(5000))),
    () =>
      withFile(OPEN.CREATE | OPEN.TRUNCATE, (inode) => vfs.write(inode, 0, noise, random(9), random(300))),
    () => withFile(0, (inode) => vfs.write(inode, -1, noise, random(1000), size())),
    () => withFile(0, (inode) => vfs.truncate(inode, random(6) === 0 ? random(9_000_000) : size())),
    () =>
      withFile(0, (inode) => vfs.setTimes(inode, BigInt(random(1e9)), BigInt(random(1e9)) * 999_999_937n)),
    () => files.chmod(path(), random(0o10000)),
    () => files.mkdir(path(), { recursive: random(2) === 0 }),
    () => files.mkdir(path(), { recursive: true }),
    () => files.rm(path(), { recursive: random(3) === 0 }),
    () => files.rm(path()),
    () => files.rename(path(), path()),
    () => files.rename(path(), path()),
    () => files.link(path(), path()),
    () => files.symlink(`../${names[random(4)]}`, path()),
    () => {
      // Of a few contents, so that files share them.
      const data = noise.subarray(0, sizes[random(sizes.length)] ?? 0)
      files.writeTree(path(), packTree([{ kind: 1, path: names[random(4)] ?? 'a', data }]))
    },
    () => {
      const folder = path()
      for (let index = random(700); index > 0; index--)
        files.writeFile(`${folder}/${index}`, noise.subarray(0, 5))
    },
  ]
  return () => {
    try {
      acts[random(acts.length)]?.()
    } catch {
      // A refusal is an answer like any other here.
    }
  }
}
