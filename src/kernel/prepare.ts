/**
 * A process before it runs: its slots in shared memory, its working directory, descriptors and preopens.
 *
 * Invariant: everything is given back when anything is refused.
 */
import type { Preopen, SpawnRequest } from '../abi/control.ts'
import { check, ERRNO, SysError } from '../abi/errno.ts'
import type { Limits } from '../abi/limits.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { freeProcess, freeThread, getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { inheritDescriptors } from '../objects/inherit.ts'
import { isControlled, isGroupOf } from '../objects/jobs.ts'
import type { Objects } from '../objects/objects.ts'
import { fileObject, streamKind } from '../objects/open-file.ts'
import { releaseProcess } from '../objects/proc.ts'
import { JOB } from '../objects/slot-words.ts'
import { setForeground } from '../objects/tty.ts'
import { STREAM } from '../objects/types.ts'
import { type Files, KIND } from '../vfs/types.ts'
import { openPreopens } from './preopens.ts'
import { absolute, type Program } from './programs.ts'
import { createStdio, INHERITED, type Stdio } from './stdio.ts'

const DEFAULT_UMASK = 0o022
const UNSTOPPABLE = signalBit(SIGNAL.KILL) | signalBit(SIGNAL.STOP)

/** Whose child it is, and which of its descriptors it gets where. */
export interface Family {
  pid: number
  slot: number
  descriptors: readonly (readonly [parent: number, child: number, rights?: number])[]
  birth: Birth
}

/** What of its place in the world a child has from the start, so that no moment is without it. */
export interface Birth {
  /** null: the parent's; 0: one of its own. */
  group: number | null
  session: boolean
  foreground: boolean
  /** null: what the parent ignores, and blocks. */
  ignored: number | null
  blocked: number | null
}

export interface Prepared {
  pid: number
  slot: number
  thread: number
  stdio: Stdio
}

export interface Plan {
  request: SpawnRequest
  program: Program
  preopens: readonly Preopen[]
  /** null: a child of the page, with a terminal or pipes of its own. */
  parent: Family | null
  limits: Limits
}

/** @throws SysError ENOENT, ENOTDIR (working directory, preopens), EAGAIN (no slot), EBADF (descriptor map), ENOMEM. */
export const prepare = (objects: Objects, files: Files, plan: Plan): Prepared => {
  const { memory } = objects
  const { request, parent } = plan
  const cwd = files.stat(absolute(request.cwd, '/'))
  if (cwd.kind !== KIND.DIRECTORY) throw new SysError(ERRNO.NOTDIR, request.cwd)
  const slot = takeProcess(memory, parent?.pid ?? 0)
  if (slot < 0) throw new SysError(ERRNO.AGAIN, request.command, 'the machine runs 256 processes already')
  const at = processAt(slot)
  const pid = getWord(memory, at + PROCESS.PID)
  const thread = takeThread(memory, pid)
  let stdio: Stdio = INHERITED
  try {
    if (thread < 0) throw new SysError(ERRNO.AGAIN, request.command, 'the machine runs 255 threads already')
    objects.vfs.pin(cwd.inode)
    setWord(memory, at + PROCESS.CWD, cwd.inode)
    setWord(memory, at + PROCESS.THREADS, 1)
    setWord(memory, at + PROCESS.MAX_FILES, plan.limits.openFiles)
    setWord(memory, at + PROCESS.MAX_FILE_KIB, Math.floor(plan.limits.fileBytes / 1024))
    inheritWords(objects, at, pid, parent)
    stdio = openStreams(objects, plan, slot, pid)
    if (stdio.tty !== 0) setWord(memory, at + PROCESS.TTY, stdio.tty)
    openPreopens(objects, files, createDescriptors(objects, slot), plan.preopens)
    return { pid, slot, thread, stdio }
  } catch (error) {
    stdio.close()
    releaseProcess(objects, slot)
    if (thread >= 0) freeThread(memory, thread)
    freeProcess(memory, slot)
    throw error
  }
}

/** Group, session and foreground at birth. @throws SysError EPERM for a group that is not of the parent's session */
const placeChild = (objects: Objects, at: number, pid: number, { birth }: Family): void => {
  const { memory } = objects
  if (birth.ignored !== null) setWord(memory, at + PROCESS.IGNORED, birth.ignored & ~UNSTOPPABLE)
  if (birth.blocked !== null) setWord(memory, at + PROCESS.BLOCKED, birth.blocked & ~UNSTOPPABLE)
  if (birth.session) {
    for (const field of [PROCESS.SESSION, PROCESS.GROUP]) setWord(memory, at + field, pid)
    setWord(memory, at + PROCESS.TTY, 0)
    return
  }
  const session = getWord(memory, at + PROCESS.SESSION)
  const { group } = birth
  if (group !== null && group !== 0 && !isGroupOf(objects, group, session))
    throw new SysError(ERRNO.PERM, `process group ${group}`, 'not in this session')
  if (group !== null) setWord(memory, at + PROCESS.GROUP, group === 0 ? pid : group)
  const tty = getWord(memory, at + PROCESS.TTY)
  if (birth.foreground && tty !== 0) setForeground(objects, tty, getWord(memory, at + PROCESS.GROUP))
}

/** What fork(2) would have copied: group, session, terminal, file mode mask, ignored and blocked signals, nice value. */
const inheritWords = (objects: Objects, at: number, pid: number, parent: Family | null): void => {
  const { memory } = objects
  const from = parent ? processAt(parent.slot) : -1
  const own = {
    [PROCESS.GROUP]: pid,
    [PROCESS.SESSION]: pid,
    [PROCESS.UMASK]: DEFAULT_UMASK,
    [PROCESS.TTY]: 0,
    [PROCESS.IGNORED]: 0,
    [PROCESS.BLOCKED]: 0,
    [JOB.NICE]: 0,
  }
  for (const [field, value] of Object.entries(own)) {
    const word = Number(field)
    setWord(memory, at + word, from < 0 ? value : getWord(memory, from + word))
  }
  if (parent) placeChild(objects, at, pid, parent)
}

/** A new session takes the terminal that is its standard input, if no other has it (as login_tty does). */
const giveTerminal = (objects: Objects, slot: number, pid: number): void => {
  const file = createDescriptors(objects, slot).get(0)
  if (file < 0 || streamKind(objects, file) !== STREAM.TTY) return
  const tty = fileObject(objects, file)
  if (isControlled(objects, tty)) return
  setWord(objects.memory, processAt(slot) + PROCESS.TTY, tty)
  setForeground(objects, tty, pid)
}

const openStreams = (
  objects: Objects,
  { request, parent, program }: Plan,
  slot: number,
  pid: number,
): Stdio => {
  if (!parent) return createStdio(objects, createDescriptors(objects, slot), pid, request)
  const takesCapabilities = program.kind === 'wasmrun'
  const given = inheritDescriptors(objects, parent.slot, slot, parent.descriptors, takesCapabilities)
  check(given, 'the descriptors for the child')
  if (parent.birth.session) giveTerminal(objects, slot, pid)
  return INHERITED
}
