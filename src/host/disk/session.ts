/**
 * The life of one connection between the machine and a folder: waits for news of either side, makes a round, tells how it stands.
 *
 *   machine differs ─┐
 *   notice of disk ──┼─► bell ─► look ─► round ─► status ─► memory          folder lost ─► paused, until it is there again
 *   timer ───────────┘
 *
 * Invariant: one round at a time; while paused nothing is decided from a disk that cannot be seen.
 */
import {
  DISK_OFF,
  type DiskConflict,
  type DiskOptions,
  type DiskStatus,
  type EmptyFolder,
} from '../../abi/disk.ts'
import { DEFAULT_LIMITS, MAX_LIMITS } from '../../project/limits.ts'
import type { SyncNode, SyncWay } from '../../project/sync.ts'
import { createSyncRules, GITIGNORE } from '../../project/sync-view.ts'
import { createBell } from './bell.ts'
import { createFolder } from './folder.ts'
import { type DiskFolder, FolderLost } from './handles.ts'
import type { Machine } from './machine.ts'
import { type Notices, noNotice, noteRecords, type ObserverMaker, watchFolder } from './notices.ts'
import { type BaseEntry, createPictures, type Hash, nodesOfBase } from './pictures.ts'
import { decideRound, outward, type Problem, type RoundOptions, runRound } from './round.ts'

export interface Session {
  /** A copy of what both sides agree on. */
  agreed(): Map<string, BaseEntry>
  readonly status: DiskStatus
  retry(empty: EmptyFolder): Promise<void>
  scan(): Promise<void>
  dismiss(path: string): void
  stop(): Promise<void>
}

export interface SessionOptions {
  handle: DiskFolder
  options: DiskOptions
  machine: Machine
  hashOf: Hash
  Observer: ObserverMaker | null
  /** What both sides were when they last agreed. */
  base: ReadonlyMap<string, BaseEntry>
  now: () => number
  onStatus: (status: DiskStatus) => void
  /** What both sides agree on has changed; `copy` gives it as it is then. */
  onAgreed: (copy: () => Map<string, BaseEntry>) => void
}

/** A file that is gone from the disk may be back at once: many editors save by renaming. */
const GRACE_MS = 150
/** News of the disk come in crowds. */
const CROWD_MS = 12
const AGAIN_MS = 20
const MOST_AGAIN_MS = 1000
/** How often a lost folder is looked for, and how long after an unknown failure. */
const LOST_MS = 2000
const MAX_CONFLICTS = 200

const clock = (): number => performance.now()

export const createSession = (sessionOptions: SessionOptions): Session => {
  const { handle, options, machine, hashOf, Observer, now, onStatus, onAgreed } = sessionOptions
  const isReadonly = options.readonly === true
  const rules = createSyncRules(options)
  const fileBytes = Math.min(options.fileBytes ?? DEFAULT_LIMITS.fileBytes, MAX_LIMITS.fileBytes)
  const folder = createFolder({
    handle,
    isIgnored: (path, isDirectory) => rules.way(path, isDirectory) === 'none',
    onGitignore: (path, text) => {
      // A walk reads the rules of a folder before what is in it; a glance at one folder has to be followed by a walk.
      if (rules.put('theirs', path, text) && !isWalking) notice.all = true
    },
    now,
  })
  const pictures = createPictures(machine, folder, hashOf, now)
  pictures.base = new Map(sessionOptions.base)
  const bell = createBell()
  const problems = new Map<string, Problem>()
  const goneSince = new Map<string, number>()
  let unread = new Set<string>()
  let notice = { ...noNotice(), all: true }
  let notices: Notices | null = null
  let hasNews = true
  let isListening = false
  let isWalking = false
  let isStopped = false
  let empty: EmptyFolder = 'ask'
  let nextScanAt = Number.POSITIVE_INFINITY
  let tired = AGAIN_MS
  let status: DiskStatus = { ...DISK_OFF, state: 'working', folder: handle.name, readonly: isReadonly }

  const tell = (change: Partial<DiskStatus>): void => {
    const next = { ...status, ...change }
    if (next.pending === 0) next.since = 0
    else if (next.since === 0) next.since = now()
    if (JSON.stringify(next) === JSON.stringify(status)) return
    status = next
    onStatus(status)
  }
  const isTooLarge = (path: string): boolean => {
    const there = pictures.theirs.get(path)
    return (
      there?.kind === 'file' && there.size > fileBytes && !pictures.ours.has(path) && !pictures.base.has(path)
    )
  }
  const isJustGone = (path: string): boolean =>
    clock() - (goneSince.get(path) ?? Number.NEGATIVE_INFINITY) < GRACE_MS
  const way = (path: string, isDirectory: boolean): SyncWay => {
    const ruled = rules.way(path, isDirectory)
    if (ruled === 'none') return 'none'
    if (unread.has(path) || isTooLarge(path) || problems.has(path) || isJustGone(path)) return 'wait'
    return isReadonly ? 'inward' : ruled
  }
  const round: RoundOptions = {
    machine,
    folder,
    pictures,
    rules,
    hashOf,
    way,
    problems,
    now,
    clock,
    onConflict: (conflict: DiskConflict) =>
      tell({ conflicts: [...status.conflicts, conflict].slice(-MAX_CONFLICTS) }),
    onLeft: (count) => {
      // Not every one of five thousand is worth a message.
      if (count > 0 && (status.pending === 0 || count % 100 === 0)) tell({ state: 'working', pending: count })
    },
  }

  const lookHere = async (): Promise<void> => {
    if (!hasNews) return
    hasNews = false
    const changes = await machine.look()
    pictures.note(changes)
    const ignores = changes.filter(({ path }) => path === GITIGNORE || path.endsWith(`/${GITIGNORE}`))
    const folderOf = (path: string): string => path.slice(0, Math.max(0, path.length - GITIGNORE.length - 1))
    const files = ignores.filter(({ kind }) => kind === 'file').map(({ path }) => path)
    // What is ignored is not walked: other rules, another walk.
    for (const { path, kind } of ignores)
      if (kind !== 'file' && rules.put('ours', folderOf(path), null)) notice.all = true
    for await (const [path, { bytes }] of machine.read(files))
      if (rules.put('ours', folderOf(path), bytes)) notice.all = true
    listen()
  }
  const listen = (): void => {
    if (isListening) return
    isListening = true
    const heard = (): void => {
      isListening = false
      hasNews = true
      bell.ring()
    }
    // A machine that is gone takes this worker with it.
    machine.differs().then(heard, () => {})
  }
  const lookThere = async (): Promise<void> => {
    const news = notice
    notice = noNotice()
    const started = clock()
    if (news.all || clock() >= nextScanAt) {
      isWalking = true
      pictures.theirs = await folder.scan(pictures.theirs).finally(() => {
        isWalking = false
      })
      const rest = notices?.nextScan(clock() - started) ?? Number.POSITIVE_INFINITY
      nextScanAt = clock() + rest
    } else if (news.folders.size + news.files.size > 0)
      await folder.lookAt(pictures.theirs, news.folders, news.files)
    const hadFiles = [...pictures.base.values()].filter(({ node }) => node.kind === 'file').length
    if (pictures.theirs.size > 0 || hadFiles < 2 || empty === 'accept') return
    if (empty === 'ask') throw new FolderLost('empty')
    forgetAll()
  }
  const forgetAll = (): void => {
    for (const path of [...pictures.base.keys()]) pictures.forget(path)
  }
  /** When the first of those that are just gone may be taken for removed; they are looked at once more then. */
  const watchGone = (): number => {
    let next = Number.POSITIVE_INFINITY
    for (const path of pictures.base.keys()) {
      if (pictures.theirs.has(path) || !pictures.ours.has(path)) goneSince.delete(path)
      else {
        const since = goneSince.get(path) ?? clock()
        goneSince.set(path, since)
        if (!isJustGone(path)) continue
        next = Math.min(next, since + GRACE_MS)
        notice.folders.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
      }
    }
    for (const path of goneSince.keys()) if (!pictures.base.has(path)) goneSince.delete(path)
    return next
  }
  /** A machine that came back empty has lost its files; nobody has removed them. */
  const checkMemory = (): void => {
    if (status.lastInStep !== 0 || pictures.base.size === 0) return
    if (![...pictures.ours.values()].some(({ kind }) => kind === 'file')) forgetAll()
  }
  const takesPart = (path: string): boolean => rules.way(path, false) !== 'none' && !isTooLarge(path)

  /** Milliseconds until there is something to do without news. */
  const turn = async (): Promise<number> => {
    const { edition } = pictures
    await lookHere()
    checkMemory()
    await lookThere()
    unread = new Set([...(await pictures.hashOurs(takesPart)), ...(await pictures.hashTheirs(takesPart))])
    const graceAt = watchGone()
    forgetProblems()
    const { again, folders, done, decision } = await runRound(round)
    for (const path of folders) notice.folders.add(path)
    const leftOut = describeLeftOut(decision.blocked)
    const retries = [...problems.values()].filter(({ retryAt }) => retryAt !== Number.POSITIVE_INFINITY)
    const isBusy = again || unread.size > 0
    const held = isReadonly ? decision.held.length : 0
    const isDone = !isBusy && retries.length === 0 && graceAt === Number.POSITIVE_INFINITY
    tell({
      state: retries.length > 0 ? 'failed' : isDone ? 'in-step' : 'working',
      isEmptied: false,
      message: retries[0] ? `${retries[0].path}: ${retries[0].reason}` : '',
      pending: held + retries.length + (isBusy ? unread.size : 0),
      leftOut,
      ...(isDone ? { lastInStep: now() } : {}),
    })
    if (isDone) empty = 'ask'
    if (edition !== pictures.edition) onAgreed(() => new Map(pictures.base))
    if (again) {
      hasNews = true
      tired = done > 0 ? AGAIN_MS : Math.min(tired * 2, MOST_AGAIN_MS)
      return tired
    }
    tired = AGAIN_MS
    const unreadAt = unread.size > 0 ? clock() + MOST_AGAIN_MS : Number.POSITIVE_INFINITY
    return Math.min(graceAt, nextScanAt, unreadAt, ...retries.map(({ retryAt }) => retryAt)) - clock()
  }
  /** Those whose time has come, or whose file is another now, are tried again. */
  const forgetProblems = (): void => {
    for (const [path, { version, retryAt }] of problems)
      if (clock() >= retryAt || version !== (pictures.ours.get(path)?.version ?? '')) problems.delete(path)
  }
  const describeLeftOut = (blocked: readonly string[]): DiskStatus['leftOut'] => {
    const list: DiskStatus['leftOut'] = [...problems.values()].map(({ path, where, reason }) => ({
      path,
      where,
      reason,
    }))
    for (const path of blocked)
      list.push({
        path,
        where: 'both',
        reason: 'Here and on the disk are different kinds of things, one of which takes no part.',
      })
    for (const path of pictures.theirs.keys())
      if (isTooLarge(path))
        list.push({ path, where: 'disk', reason: `It is larger than the limit of ${fileBytes} bytes.` })
    return list.slice(0, MAX_CONFLICTS)
  }
  /** The disk cannot be seen: what waits for it is counted against what it was. */
  const countWaiting = async (): Promise<void> => {
    await lookHere()
    await pictures.hashOurs(takesPart)
    const theirs: Map<string, SyncNode> = nodesOfBase(pictures.base)
    tell({ pending: outward(decideRound(round, theirs)) })
  }
  const mode = isReadonly ? 'read' : 'readwrite'
  const checkPermission = async (): Promise<void> => {
    const state = (await handle.queryPermission?.({ mode })) ?? 'granted'
    if (state !== 'granted') throw new FolderLost('permission')
  }
  const open = async (): Promise<void> => {
    await checkPermission()
    if (notices) return
    notices = await watchFolder(handle, Observer, (records) => {
      noteRecords(notice, records)
      bell.ring(CROWD_MS)
    })
    notice.all = true
    tell({ noticing: notices.how })
  }
  const lose = async ({ loss, message }: FolderLost): Promise<void> => {
    notices?.stop()
    notices = null
    notice.all = true
    await countWaiting().catch(() => {})
    tell({
      state: loss === 'permission' ? 'permission' : 'vanished',
      isEmptied: loss === 'empty',
      message: `${message}: ${handle.name}.`,
      noticing: '',
    })
  }
  const step = async (): Promise<number> => {
    try {
      await open()
      return await turn()
    } catch (error) {
      if (isStopped) return 0
      if (error instanceof FolderLost) {
        hasNews = true
        await lose(error)
      } else {
        notice.all = true
        tell({ state: 'failed', message: error instanceof Error ? error.message : String(error) })
      }
      return LOST_MS
    }
  }
  const run = async (): Promise<void> => {
    onStatus(status)
    while (!isStopped) {
      const wait = await step()
      if (isStopped) return
      await bell.wait(wait)
    }
  }
  const running = run()

  return {
    agreed: () => new Map(pictures.base),
    get status() {
      return status
    },
    retry: async (how) => {
      empty = how
      notice.all = true
      hasNews = true
      bell.ring()
    },
    scan: async () => {
      notice.all = true
      hasNews = true
      bell.ring()
    },
    dismiss: (path) => tell({ conflicts: status.conflicts.filter((conflict) => conflict.path !== path) }),
    stop: async () => {
      isStopped = true
      notices?.stop()
      bell.ring()
      await running
    },
  }
}
