/**
 * The project's files as the page shows them: folders read when they are opened, files when they are looked at, both again
 * when they change in the machine.
 *
 * Invariant: what is drawn was read from the machine; a reading that was overtaken by a newer one is thrown away.
 */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Dirent, FileSystem } from '../../sdk/types.ts'
import { messageOf } from '../format.ts'
import { createDocuments, type Documents } from './documents.ts'
import { flatten, parentPath, sortEntries, type TreeRow } from './tree.ts'

/** Bytes of a file that are read for looking at it; the rest is told. */
export const VIEW_MAX = 4 * 1024 * 1024
/** Milliseconds in which changes are gathered before folders are read again: programs write in bursts. */
export const CHANGE_DELAY = 150

export type FileContent = { path: string } & (
  | { state: 'reading' }
  | { state: 'read'; bytes: Uint8Array; size: number }
  | { state: 'failed'; message: string }
)

/** The tab that tells how the project runs. */
export const OVERVIEW = ''

export interface Files {
  readonly rows: ReadonlySignal<readonly TreeRow[]>
  readonly tabs: ReadonlySignal<readonly string[]>
  /** Path of the shown file, or OVERVIEW. */
  readonly shown: ReadonlySignal<string>
  readonly content: ReadonlySignal<FileContent>
  openProject(root: string): Promise<void>
  closeProject(): void
  openFolder(path: string): Promise<void>
  shutFolder(path: string): void
  show(path: string): Promise<void>
  closeTab(path: string): void
  /** Was renamed here; open files go along. */
  moved(from: string, to: string): void
  /** Was deleted here. */
  removed(path: string): void
  readonly documents: Documents
  /** What changed in the machine, by whomever; `writer` is the pid of a program, 0 for the user and the disk. */
  onChange(listener: (changes: readonly Change[]) => void): () => void
  /** Paths that the user (not a program) has just changed. */
  touch(paths: readonly string[]): void
  onTouch(listener: (paths: readonly string[]) => void): () => void
  readonly root: ReadonlySignal<string>
  /** What stands in the sheet of files. */
  readonly side: Signal<'tree' | 'find'>
  /** A name that is being typed in the tree. */
  readonly naming: Signal<Naming | null>
  /** Folder that the next upload goes to. */
  readonly uploadTo: Signal<string>
  /** A place in the shown text that the editor goes to, once. */
  readonly target: Signal<Place | null>
}

export interface Place {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** From 0, in UTF-16 units, and how many of them to select. */
  readonly column: number
  readonly length: number
}

export interface Change {
  readonly path: string
  readonly writer: number
}

export interface Naming {
  readonly kind: 'file' | 'directory'
  readonly folder: string
  /** What is renamed, or null for something new. */
  readonly path: string | null
}

export interface FilesParts {
  fs: FileSystem
  later(callback: () => void, milliseconds: number): void
  savesIdle(): boolean
  failed(sentence: string): void
}

export const createFiles = ({ fs, later, savesIdle, failed }: FilesParts): Files => {
  const root = signal('')
  const folders = signal<ReadonlyMap<string, readonly Dirent[]>>(new Map())
  const open = signal<ReadonlySet<string>>(new Set())
  const tabs = signal<readonly string[]>([])
  const shown = signal(OVERVIEW)
  const content = signal<FileContent>({ path: OVERVIEW, state: 'reading' })
  const rows = computed(() => flatten({ root: root.value, folders: folders.value, open: open.value }))
  let unwatch: (() => void) | null = null
  let stale = new Set<string>()
  let reading = 0
  const target = signal<Place | null>(null)
  const side = signal<'tree' | 'find'>('tree')
  const naming = signal<Naming | null>(null)
  const uploadTo = signal('')
  const listeners = new Set<(paths: readonly string[]) => void>()
  const changed = new Set<(changes: readonly Change[]) => void>()
  const touch = (paths: readonly string[]): void => {
    for (const listener of listeners) listener(paths)
  }
  const documents = createDocuments({ fs, later, savesIdle, failed, written: (path) => touch([path]) })

  const readFolder = async (path: string): Promise<void> => {
    const project = root.value
    const entries = await fs.readdir(path).catch(() => null)
    if (root.value !== project) return
    const next = new Map(folders.value)
    if (entries) next.set(path, sortEntries(entries))
    else next.delete(path)
    folders.value = next
  }
  const readShown = async (): Promise<void> => {
    const turn = ++reading
    const path = shown.value
    if (path === OVERVIEW) return
    const done = await readContent(fs, path)
    if (turn === reading) content.value = done
  }
  const refresh = (): void => {
    const changed = stale
    stale = new Set()
    const touched = new Set([...changed].flatMap((path) => [path, parentPath(path)]))
    for (const folder of folders.value.keys()) if (touched.has(folder)) void readFolder(folder)
    if (touched.has(shown.value)) void readShown()
    for (const path of changed) void documents.refresh(path)
  }
  const onChange = (changes: readonly Change[]): void => {
    for (const listener of changed) listener(changes)
    if (stale.size === 0) later(refresh, CHANGE_DELAY)
    for (const { path } of changes) stale.add(path)
  }
  const closeProject = (): void => {
    unwatch?.()
    unwatch = null
    root.value = ''
    folders.value = new Map()
    open.value = new Set()
    tabs.value = []
    shown.value = OVERVIEW
    target.value = null
    side.value = 'tree'
    naming.value = null
    uploadTo.value = ''
    documents.clear()
  }
  const close = (path: string): void => {
    const at = tabs.value.indexOf(path)
    if (at < 0) return
    documents.forget(path)
    tabs.value = tabs.value.filter((tab) => tab !== path)
    if (shown.value === path) void show(tabs.value[at] ?? tabs.value[at - 1] ?? OVERVIEW)
  }
  const show = async (path: string): Promise<void> => {
    if (path !== OVERVIEW && !tabs.value.includes(path)) tabs.value = [...tabs.value, path]
    if (shown.value !== path) content.value = { path, state: 'reading' }
    shown.value = path
    await readShown()
  }

  return {
    rows,
    tabs,
    shown,
    content,
    closeProject,
    show,
    async openProject(path) {
      closeProject()
      root.value = path
      unwatch = fs.watch(path, onChange)
      await readFolder(path)
    },
    async openFolder(path) {
      if (path !== root.value) open.value = new Set([...open.value, path])
      await readFolder(path)
    },
    shutFolder(path) {
      const next = new Set(open.value)
      next.delete(path)
      open.value = next
    },
    closeTab(path) {
      // what is unsaved goes into the machine first; what cannot be saved keeps its tab
      if (!documents.dirty.value.has(path)) close(path)
      else void documents.save(path).then((isSaved) => isSaved && close(path))
    },
    moved(from, to) {
      const moved = (path: string): string =>
        path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path
      documents.move(from, to)
      tabs.value = tabs.value.map(moved)
      open.value = new Set([...open.value].map(moved))
      for (const folder of open.value) void readFolder(folder)
      shown.value = moved(shown.value)
    },
    removed(path) {
      for (const tab of tabs.value) if (tab === path || tab.startsWith(`${path}/`)) close(tab)
    },
    documents,
    touch,
    onTouch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onChange(listener) {
      changed.add(listener)
      return () => changed.delete(listener)
    },
    root,
    target,
    side,
    naming,
    uploadTo,
  }
}

const readContent = async (fs: FileSystem, path: string): Promise<FileContent> => {
  try {
    const { size, kind } = await fs.stat(path)
    if (kind !== 'file')
      return { path, state: 'failed', message: `${path} is a ${kind}, there is no text to show.` }
    const bytes = await fs.readFile(path)
    return { path, state: 'read', bytes: bytes.length > VIEW_MAX ? bytes.slice(0, VIEW_MAX) : bytes, size }
  } catch (error) {
    return { path, state: 'failed', message: messageOf(error) }
  }
}
