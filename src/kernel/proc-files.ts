/**
 * /proc: one directory per process, of plain files that the kernel writes. A process that opens something in there first asks
 * for it to be brought up to date (process/proc-path.ts), so what it reads is of that moment; what has changed gets a new
 * file, and who is still reading the old one reads it to its end.
 *
 *   /proc/<pid>/ status · stat · cmdline · environ · comm · cwd → … · fd/<n> → …
 *
 * Invariant: the kernel writes by inode and follows no link, so what a guest does in here misleads only who reads it.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import type { Objects } from '../objects/objects.ts'
import { fileFacts } from '../objects/open-file.ts'
import { STREAM } from '../objects/types.ts'
import { type Files, OPEN, type PathBytes, type SharedVfs } from '../vfs/types.ts'
import type { Entry } from './entry.ts'
import { type ProcFacts, statText, statusText } from './proc-text.ts'

export const PROC = '/proc'
const READABLE = 0o444
/** Descriptors that are listed; a process with more has them all the same. */
const MOST_LISTED = 256

export interface ProcFiles {
  add(entry: Entry, args: readonly string[], env: Readonly<Record<string, string>>): void
  remove(pid: number): void
  /** Brings a process's directory up to date; 0 for all. Nothing for a pid that is not there. `caller` only waits for this: it runs. */
  refresh(pid: number, caller?: number): void
}

export interface ProcFilesOptions {
  objects: Objects
  vfs: SharedVfs
  files: Files
  facts: (entry: Entry) => ProcFacts
}

interface Listed {
  entry: Entry
  /** Inodes of /proc/<pid> and its fd, pinned: what a guest puts in their place is never followed. */
  folder: number
  fd: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const pathOf = (name: string): PathBytes => {
  const bytes = encoder.encode(name)
  return { bytes, start: 0, length: bytes.length }
}

export const createProcFiles = ({ objects, vfs, files, facts }: ProcFilesOptions): ProcFiles => {
  const listed = new Map<number, Listed>()
  files.mkdir(PROC, { recursive: true })
  const root = files.stat(PROC).inode
  vfs.pin(root)

  // A full machine has no listing; nothing else is lost by it, so refusals are not followed up.
  const unlink = (folder: number, name: string): void => {
    const { bytes, length } = pathOf(name)
    vfs.unlink(folder, bytes, 0, length, 0)
  }
  /** Whoever has the old file open keeps it as it was. */
  const put = (folder: number, name: string, text: string): void => {
    const fresh = pathOf(`${name}~`)
    unlink(folder, `${name}~`)
    const inode = vfs.open(
      folder,
      fresh.bytes,
      0,
      fresh.length,
      0,
      OPEN.CREATE | OPEN.EXCLUSIVE | OPEN.WRITE,
      READABLE,
    )
    if (inode < 0) return
    const data = encoder.encode(text)
    vfs.write(inode, 0, data, 0, data.length)
    vfs.unpin(inode)
    vfs.rename(folder, fresh, folder, pathOf(name), 0)
  }
  const putLink = (folder: number, name: string, target: string): void => {
    const made = vfs.symlink(pathOf(target), folder, pathOf(name), 0)
    if (made !== -ERRNO.EXIST || readLink(folder, name) === target) return
    unlink(folder, name)
    vfs.symlink(pathOf(target), folder, pathOf(name), 0)
  }
  const readLink = (folder: number, name: string): string => {
    const { bytes, length } = pathOf(name)
    const inode = vfs.lookup(folder, bytes, 0, length, 0)
    const target = new Uint8Array(4096)
    return decoder.decode(
      target.subarray(0, Math.max(0, inode < 0 ? 0 : vfs.readlink(inode, target, 0, 4096))),
    )
  }
  const mkdir = (folder: number, name: string): number => {
    const { bytes, length } = pathOf(name)
    vfs.mkdir(folder, bytes, 0, length, 0, 0o755)
    return vfs.open(folder, bytes, 0, length, 0, OPEN.DIRECTORY, 0)
  }
  const namesIn = (folder: number): string[] => {
    const names: string[] = []
    vfs.readdir(folder, 0, (_next, _inode, _kind, name) => {
      names.push(decoder.decode(name.slice()))
      return true
    })
    return names.filter((name) => name !== '.' && name !== '..')
  }
  const refreshOne = ({ entry, folder, fd }: Listed, isCaller: boolean): void => {
    const found = facts(entry)
    const now: ProcFacts = isCaller ? { ...found, state: 'running' } : found
    put(folder, 'status', statusText(now))
    put(folder, 'stat', statText(now))
    const cwd = objects.vfs.path(getWord(objects.memory, processAt(entry.slot) + PROCESS.CWD))
    putLink(folder, 'cwd', cwd ?? `${entry.request.cwd} (deleted)`)
    const open = descriptorTargets(objects, entry.slot)
    for (const name of namesIn(fd)) if (!open.has(name)) unlink(fd, name)
    for (const [name, target] of open) putLink(fd, name, target)
  }
  const remove = (pid: number): void => {
    const found = listed.get(pid)
    if (!found) return
    listed.delete(pid)
    for (const name of namesIn(found.fd)) unlink(found.fd, name)
    for (const name of namesIn(found.folder)) unlink(found.folder, name)
    const names = [
      [found.folder, 'fd'],
      [root, String(pid)],
    ] as const
    for (const [folder, name] of names) {
      const { bytes, length } = pathOf(name)
      vfs.rmdir(folder, bytes, 0, length, 0)
    }
    vfs.unpin(found.fd)
    vfs.unpin(found.folder)
  }
  return {
    add: (entry, args, env) => {
      remove(entry.pid)
      const folder = mkdir(root, String(entry.pid))
      if (folder < 0) return
      const fd = mkdir(folder, 'fd')
      if (fd < 0) {
        vfs.unpin(folder)
        return
      }
      listed.set(entry.pid, { entry, folder, fd })
      put(folder, 'cmdline', args.map((arg) => `${arg}\0`).join(''))
      put(
        folder,
        'environ',
        Object.entries(env)
          .map(([name, value]) => `${name}=${value}\0`)
          .join(''),
      )
      put(folder, 'comm', `${facts(entry).name}\n`)
    },
    remove,
    refresh: (pid, caller = 0) => {
      for (const each of listed.values())
        if (pid === 0 || each.entry.pid === pid) refreshOne(each, each.entry.pid === caller)
    },
  }
}

/** Descriptor → what Linux would show: a path for a directory, else the kind and its number. */
const descriptorTargets = (objects: Objects, slot: number): Map<string, string> => {
  const descriptors = createDescriptors(objects, slot)
  const targets = new Map<string, string>()
  for (const fd of descriptors.list().slice(0, MOST_LISTED)) {
    const file = descriptors.get(fd)
    if (file < 0) continue
    const { stream, object } = fileFacts(objects, file)
    const path = stream === STREAM.DIRECTORY ? objects.vfs.path(object) : undefined
    targets.set(String(fd), path ?? `${KINDS[stream] ?? 'file'}:[${object}]`)
  }
  return targets
}

const KINDS: Record<number, string> = {
  [STREAM.FILE]: 'file',
  [STREAM.DIRECTORY]: 'directory',
  [STREAM.PIPE_READ]: 'pipe',
  [STREAM.PIPE_WRITE]: 'pipe',
  [STREAM.TTY]: 'tty',
  [STREAM.DEVICE]: 'device',
  [STREAM.SIGNALS]: 'signals',
  [STREAM.PTY]: 'pty',
  [STREAM.CHILD]: 'process',
  [STREAM.SEMAPHORE]: 'semaphore',
  [STREAM.WATCH]: 'watch',
}
