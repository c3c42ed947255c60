/**
 * A random walk over two filesystems at once: each step does the same to both and compares what they say. For model.test.ts.
 *
 * Handles are pinned pairs of inodes: what one of the two calls inode 17 and the other inode 4711.
 */

import { emptyStat } from './files.ts'
import { createRandom, FAR, HOLE_FROM, HOLE_TO, NAMES, ODD, POSITIONS, SIZES } from './model-choices.ts'
import { isSame } from './name.ts'
import { byteText, NOW } from './reference-world.ts'
import { KIND, OPEN, type PathBytes, type Stat, type Vfs, WALK } from './types.ts'

export interface Model {
  step(): void
  /** Compares every name, fact and byte beneath the roots. */
  compareAll(): void
  /** Removes everything that can be removed, and lets go of all handles. */
  clear(): void
  /** What was done last, for a failure's message. */
  readonly trace: string[]
  readonly counts: Map<string, number>
}

interface Handle {
  a: number
  b: number
}

const MAX_HANDLES = 12
const TRACE = 25
/** Fills a file that is empty; returns what a write does. */
export type Fill = (file: number, bytes: Uint8Array) => number

/** @param fill how `a` does what a write of everything does to the reference */
export const createModel = (a: Vfs, b: Vfs, seed: number, fill: Fill): Model => {
  const random = createRandom(seed)
  const handles: Handle[] = []
  const trace: string[] = []
  const counts = new Map<string, number>()
  const bytesA = new Uint8Array(140000)
  const bytesB = new Uint8Array(140000)
  const wordsA = new Int32Array(bytesA.buffer)
  const wordsB = new Int32Array(bytesB.buffer)
  const source = new Uint8Array(200000)
  for (let index = 0; index < source.length; index++) source[index] = random(256)
  const statA = emptyStat()
  const statB = emptyStat()
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  const say = (words: string): void => {
    trace.push(words)
    if (trace.length > TRACE) trace.shift()
    const name = words.slice(0, words.indexOf(' '))
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const fail = (what: string): never => {
    throw new Error(`${what}\nlast steps:\n  ${trace.join('\n  ')}`)
  }
  const same = (what: string, left: unknown, right: unknown): void => {
    if (left !== right) fail(`${what}: ${String(left)}, but the reference says ${String(right)}`)
  }
  const randomPath = (): string => {
    if (random(400) === 0) return '/'.repeat(1 + random(3))
    if (random(3000) === 0) return 'a/'.repeat(2040 + random(12))
    const names: string[] = []
    for (let depth = 1 + random(3); depth > 0; depth--) names.push(random(14) === 0 ? pick(ODD) : pick(NAMES))
    const top = random(12) === 0 ? pick(['/', '/tmp/', '/dev/', '/dev/null/', './']) : ''
    return `${top}${names.join(random(40) === 0 ? '//' : '/')}${random(25) === 0 ? '/' : ''}`
  }
  const directories = (): Handle[] => handles.filter((handle) => b.kind(handle.b) === KIND.DIRECTORY)
  const start = (): Handle => {
    const open = random(3) === 0 ? directories() : []
    return open.length > 0 ? pick(open) : { a: a.root, b: b.root }
  }
  const walkFlags = (): number =>
    (random(2) ? WALK.FOLLOW : 0) |
    (random(3) === 0 ? WALK.BENEATH : 0) |
    (random(12) === 0 ? WALK.DIRECTORY : 0)
  const show = (path: PathBytes): string => JSON.stringify(String.fromCharCode(...path.bytes).slice(0, 60))
  /** An inode that either side knows by a handle must be the other side's too. */
  const sameInode = (what: string, left: number, right: number): void => {
    if (left <= 0 || right <= 0) same(what, left, right)
    for (const handle of handles) same(`${what} (inode)`, handle.a === left, handle.b === right)
  }
  const compareStat = (left: number, right: number): void => {
    const what = trace.at(-1) ?? ''
    same(`${what} result`, a.stat(left, statA), b.stat(right, statB))
    const facts = ['kind', 'mode', 'links', 'size', 'dev', 'rdev'] as const satisfies (keyof Stat)[]
    for (const fact of facts) same(`${what} ${fact}`, statA[fact], statB[fact])
    const times = ['atime', 'mtime'] as const
    for (const time of times) {
      const isNow = statB[time] === NOW
      if (isNow ? statA[time] < 10n ** 18n : statA[time] !== statB[time])
        fail(`${what} ${time}: ${statA[time]}, but the reference says ${isNow ? 'now' : statB[time]}`)
    }
  }
  const drop = (handle: Handle): void => {
    handles.splice(handles.indexOf(handle), 1)
    a.unpin(handle.a)
    b.unpin(handle.b)
  }

  const named = (name: 'mkdir' | 'mkfifo' | 'rmdir' | 'unlink'): void => {
    const at = start()
    const path = byteText(randomPath())
    const flags = walkFlags()
    const mode = random(0o10000)
    say(`${name} ${show(path)} at ${at.b} flags ${flags}`)
    const left = a[name](at.a, path.bytes, 0, path.length, flags, mode)
    same(trace.at(-1) ?? '', left, b[name](at.b, path.bytes, 0, path.length, flags, mode))
  }
  const find = (): void => {
    const at = start()
    const path = byteText(randomPath())
    const flags = walkFlags()
    say(`lookup ${show(path)} at ${at.b} flags ${flags}`)
    const left = a.lookup(at.a, path.bytes, 0, path.length, flags)
    const right = b.lookup(at.b, path.bytes, 0, path.length, flags)
    sameInode(trace.at(-1) ?? '', left, right)
    if (right <= 0) return
    compareStat(left, right)
    same('readlink', a.readlink(left, bytesA, 0, 50), b.readlink(right, bytesB, 0, 50))
    const setting = random(6)
    const mode = random(0o10000)
    const time = BigInt(random(1 << 30)) * 1000003n
    if (setting === 0) same('chmod', a.chmod(left, mode), b.chmod(right, mode))
    if (setting === 1) same('setTimes', a.setTimes(left, time, -1n), b.setTimes(right, time, -1n))
    if (setting === 2) same('setTimes', a.setTimes(left, -1n, time), b.setTimes(right, -1n, time))
    if (setting === 3) same('path', a.path(left) ?? '', b.path(right) ?? '')
  }
  const open = (): void => {
    const at = start()
    const path = byteText(randomPath())
    const flags = walkFlags()
    const how =
      (random(2) ? OPEN.CREATE : 0) |
      (random(6) === 0 ? OPEN.DIRECTORY : 0) |
      (random(5) === 0 ? OPEN.EXCLUSIVE : 0) |
      (random(5) === 0 ? OPEN.TRUNCATE : 0) |
      (random(2) ? OPEN.WRITE : 0)
    const mode = random(0o10000)
    say(`open ${show(path)} at ${at.b} flags ${flags} how ${how}`)
    const left = a.open(at.a, path.bytes, 0, path.length, flags, how, mode)
    const right = b.open(at.b, path.bytes, 0, path.length, flags, how, mode)
    sameInode(trace.at(-1) ?? '', left, right)
    if (right <= 0) return
    handles.push({ a: left, b: right })
    compareStat(left, right)
    if (handles.length > MAX_HANDLES) drop(pick(handles))
  }
  const pair = (name: 'rename' | 'link'): void => {
    const from = start()
    const to = start()
    const left = byteText(randomPath())
    const right = byteText(randomPath())
    const flags = walkFlags()
    say(`${name} ${show(left)} at ${from.b} to ${show(right)} at ${to.b} flags ${flags}`)
    same(
      trace.at(-1) ?? '',
      a[name](from.a, left, to.a, right, flags),
      b[name](from.b, left, to.b, right, flags),
    )
  }
  const symlink = (): void => {
    const at = start()
    const target = byteText(randomPath())
    const path = byteText(randomPath())
    const flags = walkFlags()
    say(`symlink ${show(target)} from ${show(path)} at ${at.b} flags ${flags}`)
    same(trace.at(-1) ?? '', a.symlink(target, at.a, path, flags), b.symlink(target, at.b, path, flags))
  }
  const list = (left: number, right: number): void => {
    const from = random(4) === 0 ? random(30) : 0
    say(`readdir ${right} from ${from}`)
    const entries = (vfs: Vfs, inode: number): string[] => {
      const lines: string[] = []
      let cookie = -1
      const result = vfs.readdir(inode, 0, (next, _inode, kind, name) => {
        if (next <= cookie) fail('cookies do not ascend')
        cookie = next
        lines.push(`${kind} ${String.fromCharCode(...name)}`)
        return true
      })
      return [String(result), ...lines.sort()]
    }
    same(trace.at(-1) ?? '', entries(a, left).join('\n'), entries(b, right).join('\n'))
  }
  const content = (handle: Handle): void => {
    const position = random(60) === 0 ? pick(FAR) : pick(POSITIONS) + random(random(2) ? 300 : 2)
    const length = random(3) === 0 ? pick(SIZES) : random(600)
    const what = random(10)
    if (what === 9) {
      refill(handle, length)
    } else if (what < 3) {
      say(`read ${handle.b} ${position} ${length}`)
      const bytes = a.read(handle.a, position, bytesA, 0, length)
      same(trace.at(-1) ?? '', bytes, b.read(handle.b, position, bytesB, 0, length))
      if (bytes > 0 && !isSame(bytesA, 0, bytesB, 0, bytes)) fail('bytes differ')
    } else if (what < 7) {
      const to = random(5) === 0 ? -1 : position
      const from = random(50000)
      say(`write ${handle.b} ${to} ${length}`)
      same(
        trace.at(-1) ?? '',
        a.write(handle.a, to, source, from, length),
        b.write(handle.b, to, source, from, length),
      )
    } else if (what === 7) {
      const size = position - (random(50) === 0 ? 100 : 0)
      say(`truncate ${handle.b} ${size}`)
      same(trace.at(-1) ?? '', a.truncate(handle.a, size), b.truncate(handle.b, size))
    } else if (position < 2 ** 31) {
      say(`allocate ${handle.b} ${position} ${length}`)
      same(trace.at(-1) ?? '', a.allocate(handle.a, position, length), b.allocate(handle.b, position, length))
    }
    compareStat(handle.a, handle.b)
  }
  /** One of a few contents of that length, so that files come to share them. */
  const refill = (handle: Handle, length: number): void => {
    say(`fill ${handle.b} ${length}`)
    const what = trace.at(-1) ?? ''
    const cut = b.truncate(handle.b, 0)
    same(what, a.truncate(handle.a, 0), cut)
    if (cut < 0 || length === 0) return
    const from = random(2) * 1000
    const bytes = source.slice(from, from + length)
    same(what, fill(handle.a, bytes), b.write(handle.b, 0, bytes, 0, length))
  }
  const onHandle = (): void => {
    if (handles.length === 0) {
      open()
      return
    }
    const handle = pick(handles)
    const what = random(12)
    if (what === 0) {
      say(`unpin ${handle.b}`)
      drop(handle)
    } else if (what === 1) list(handle.a, handle.b)
    else if (what === 2 && b.kind(handle.b) === KIND.DIRECTORY) {
      say(`parent ${handle.b}`)
      sameInode('parent', a.parent(handle.a), b.parent(handle.b))
      same('path', a.path(handle.a) ?? '', b.path(handle.b) ?? '')
    } else content(handle)
  }
  const compareAll = (): void => {
    for (const handle of handles) compareTree(handle.a, handle.b, 0)
    compareTree(a.root, b.root, 0)
  }
  const compareTree = (left: number, right: number, depth: number): void => {
    say(`compare ${right}`)
    compareStat(left, right)
    if (statB.kind === KIND.FILE && statB.size < 1e7) compareBytes(left, right, statB.size)
    if (statB.kind !== KIND.DIRECTORY || depth > 60) return
    const children: [Uint8Array, number][] = []
    b.readdir(right, 2, (_next, inode, _kind, name) => {
      children.push([name.slice(), inode])
      return true
    })
    list(left, right)
    for (const [name, inode] of children) {
      const found = a.lookup(left, name, 0, name.length, 0)
      if (found <= 0) fail(`${show({ bytes: name, start: 0, length: name.length })} is missing`)
      compareTree(found, b.lookup(right, name, 0, name.length, 0) || inode, depth + 1)
    }
  }
  const compareBytes = (left: number, right: number, size: number): void => {
    for (let position = 0; position < size; position += bytesA.length) {
      if (position > HOLE_FROM && position < HOLE_TO) continue
      const bytes = a.read(left, position, bytesA, 0, bytesA.length)
      same('read', bytes, b.read(right, position, bytesB, 0, bytesB.length))
      const words = bytes >> 2
      for (let word = 0; word < words; word++)
        if (wordsA[word] !== wordsB[word]) fail(`bytes differ after ${position + word * 4}`)
      if (!isSame(bytesA, words * 4, bytesB, words * 4, bytes & 3))
        fail(`bytes differ before ${position + bytes}`)
    }
  }
  const clearDirectory = (left: number, right: number): void => {
    const children: [Uint8Array, number][] = []
    b.readdir(right, 2, (_next, inode, _kind, name) => {
      children.push([name.slice(), inode])
      return true
    })
    for (const [name] of children) {
      const below = b.lookup(right, name, 0, name.length, 0)
      const isDirectory = b.kind(below) === KIND.DIRECTORY
      if (isDirectory) clearDirectory(a.lookup(left, name, 0, name.length, 0), below)
      const call = isDirectory ? 'rmdir' : 'unlink'
      say(`${call} ${JSON.stringify(String.fromCharCode(...name))} while clearing`)
      same(
        trace.at(-1) ?? '',
        a[call](left, name, 0, name.length, 0),
        b[call](right, name, 0, name.length, 0),
      )
    }
  }
  const steps: [number, () => void][] = [
    [20, find],
    [14, open],
    [38, onHandle],
    [7, () => named('mkdir')],
    [1, () => named('mkfifo')],
    [3, () => named('rmdir')],
    [6, () => named('unlink')],
    [7, () => pair('rename')],
    [3, () => pair('link')],
    [2, symlink],
  ]
  const total = steps.reduce((sum, [weight]) => sum + weight, 0)
  return {
    trace,
    counts,
    compareAll,
    clear: () => {
      while (handles.length > 0) drop(handles[0] as Handle)
      clearDirectory(a.root, b.root)
    },
    step: () => {
      let roll = random(total)
      for (const [weight, act] of steps) {
        roll -= weight
        if (roll < 0) {
          act()
          return
        }
      }
    },
  }
}
