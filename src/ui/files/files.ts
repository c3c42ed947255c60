/**
 * The project's files as the page shows them: folders read when they are opened, files when they are looked at, both again
 * when they change in the machine.
 *
 * Invariant: what is drawn was read from the machine; a reading that was overtaken by a newer one is thrown away.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Dirent, FileSystem } from '../../sdk/types.ts'
import { messageOf } from '../format.ts'
import { flatten, parentPath, sortEntries, type TreeRow } from './tree.ts'

/** Bytes of a file that are read for looking at it; the rest is told. */
export const VIEW_MAX = 4 * 1024 * 1024
/** Milliseconds in which changes are gathered before folders are read again: programs write in bursts. */
export const CHANGE_DELAY = 150

export type FileContent =
  | { state: 'reading' }
  | { state: 'read'; bytes: Uint8Array; size: number }
  | { state: 'failed'; message: string }

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
}

/** @param later calls back after so many milliseconds */
export const createFiles = (fs: FileSystem, later: (callback: () => void, ms: number) => void): Files => {
  const root = signal('')
  const folders = signal<ReadonlyMap<string, readonly Dirent[]>>(new Map())
  const open = signal<ReadonlySet<string>>(new Set())
  const tabs = signal<readonly string[]>([])
  const shown = signal(OVERVIEW)
  const content = signal<FileContent>({ state: 'reading' })
  const rows = computed(() => flatten({ root: root.value, folders: folders.value, open: open.value }))
  let unwatch: (() => void) | null = null
  let stale = new Set<string>()
  let reading = 0

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
  }
  const onChange = (changes: readonly { path: string }[]): void => {
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
  }
  const show = async (path: string): Promise<void> => {
    if (path !== OVERVIEW && !tabs.value.includes(path)) tabs.value = [...tabs.value, path]
    if (shown.value !== path) content.value = { state: 'reading' }
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
      open.value = new Set([...open.value, path])
      await readFolder(path)
    },
    shutFolder(path) {
      const next = new Set(open.value)
      next.delete(path)
      open.value = next
    },
    closeTab(path) {
      const at = tabs.value.indexOf(path)
      tabs.value = tabs.value.filter((tab) => tab !== path)
      if (shown.value === path) void show(tabs.value[at] ?? tabs.value[at - 1] ?? OVERVIEW)
    },
  }
}

const readContent = async (fs: FileSystem, path: string): Promise<FileContent> => {
  try {
    const { size, kind } = await fs.stat(path)
    if (kind !== 'file')
      return { state: 'failed', message: `${path} is a ${kind}, there is no text to show.` }
    const bytes = await fs.readFile(path)
    return { state: 'read', bytes: bytes.length > VIEW_MAX ? bytes.slice(0, VIEW_MAX) : bytes, size }
  } catch (error) {
    return { state: 'failed', message: messageOf(error) }
  }
}
