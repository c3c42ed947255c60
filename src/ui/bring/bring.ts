/**
 * From what a user brings to an open project.
 *
 *   open(source) ─ walk ─> plan ─ more than the limits? ask ─> read ─> mount ─> detect ─> the project is open
 *
 * Invariant: one at a time; until everything is read the former project stays as it is, and Cancel leaves it so.
 */
import { signal } from '@preact/signals'
import type { Unzip } from '../../lib/unzip.ts'
import type { Surroundings } from '../../project/detect.ts'
import type { Limits } from '../../project/limits.ts'
import type { LoadedProject } from '../../project/load.ts'
import type { WalkPlan } from '../../project/walk.ts'
import type { Wasmrun } from '../../sdk/types.ts'
import type { DiskLink } from '../disk/disk-link.ts'
import type { Files } from '../files/files.ts'
import { formatBytes, messageOf, plural } from '../format.ts'
import type { KeptProjects } from '../projects/kept-projects.ts'
import type { Runner } from '../run/runner.ts'
import { PROJECT_ROOT } from '../stores/project-store.ts'
import type { Settings } from '../stores/settings.ts'
import type { Stores } from '../stores/stores.ts'
import {
  type Bring,
  type BringState,
  nextStep,
  type Recent,
  type Request,
  titles,
  unopenedCard,
} from './bring-words.ts'
import type { Desk } from './desk.ts'

export type { Bring, BringState, Opener, Recent, Request } from './bring-words.ts'

export interface BringParts {
  wasmrun: Wasmrun
  stores: Stores
  files: Files
  runner: Runner
  kept: Pick<KeptProjects, 'keep' | 'remember'>
  /** Where the page remembers things of projects; null: nowhere. */
  storage: Pick<Storage, 'getItem' | 'setItem'> | null
  later(callback: () => void, milliseconds: number): void
  disk: Pick<DiskLink, 'forget' | 'propose'>
  /** Limits and what is left out, as the user has set them. */
  settings(): Pick<Settings, 'import' | 'defaultsOff'>
  now(): number
  /** The query of the page's address. */
  search(): string
  /** URL of the worker that unpacks archives. */
  archive: string
}

/** Milliseconds; without the catalogue the version stays open. */
const CATALOGUE_PATIENCE = 3000
const RECENT_MAX = 4

export const createBring = ({
  wasmrun,
  stores,
  files,
  runner,
  kept,
  storage,
  later,
  disk,
  settings,
  now,
  search,
  archive,
}: BringParts): Bring => {
  const state = signal<BringState | null>(null)
  const recent = signal<readonly Recent[]>([])
  const plan = signal<WalkPlan | null>(null)
  let abort = new AbortController()
  let answered: ((limits: Limits | null) => void) | null = null
  let last: Request | null = null

  const say = (text: string, severity: 'info' | 'error' = 'info'): void =>
    stores.console.apply({ type: 'system', source: 'page', text, time: now(), severity })

  const ask = async (name: string, found: WalkPlan): Promise<Limits | null> => {
    state.value = { phase: 'asking', name, plan: found }
    return new Promise((resolve, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason))
      answered = resolve
    })
  }

  /**
   * What ran for one project, or lies in the machine, must not reach another: then the machine is opened anew. Nothing is removed
   * one by one: a folder of the disk that is in step would lose it too.
   */
  const empty = async (): Promise<void> => {
    await files.documents.saveAll()
    await runner.stopAll()
    files.closeProject()
    disk.forget()
    if (!(await isUsed())) return
    await wasmrun.projects.close()
    stores.processes.apply({ type: 'reset' })
  }
  const isUsed = async (): Promise<boolean> =>
    wasmrun.projects.current !== null ||
    wasmrun.disk.status.state !== 'off' ||
    stores.processes.rows.value.length > 0 ||
    (await wasmrun.fs.readdir(PROJECT_ROOT)).length > 0

  /** A project that comes before the catalogue waits for it a little: the catalogue decides on the version. */
  const offered = async (): Promise<Surroundings['runtimes']> => {
    if (stores.runtimes.asked.value) return stores.runtimes.runtimes.value
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), CATALOGUE_PATIENCE))
    const list = async (): ReturnType<Wasmrun['runtimes']['list']> => wasmrun.runtimes.list()
    return Promise.race([list(), late]).catch(() => undefined)
  }
  const surroundings = async (): Promise<Surroundings> => {
    const runtimes = await offered()
    return { now: now(), search: search(), ...(runtimes ? { runtimes } : {}) }
  }

  let desk: Desk | null = null
  const atDesk = async (): Promise<Desk> => {
    const { createDesk } = await import('./reading.ts')
    desk ??= createDesk({ wasmrun, stores, files, runner, storage, now, later, surroundings })
    return desk
  }

  const replaceFiles = async (tree: Parameters<Wasmrun['mount']>[0]): Promise<void> => {
    await empty()
    await wasmrun.mount(tree, PROJECT_ROOT)
  }

  const remember = (request: Request, name: string): void => {
    const chosen = stores.project.chosen.value
    const entry: Recent = {
      name,
      kind: request.kind,
      time: now(),
      language: chosen?.title ?? '',
      runtime: chosen?.runtime ?? null,
      again: () => void open(request),
    }
    recent.value = [entry, ...recent.value.filter((other) => other.name !== name)].slice(0, RECENT_MAX)
  }

  const vanished = (request: Request, message: string, kept: number): void => {
    say(message, 'error')
    stores.notices.apply({
      type: 'card',
      card: {
        title: 'The folder could not be read to its end',
        facts: [
          { name: 'Cause', text: message },
          { name: 'Kept', text: `${plural(kept, 'file')} that had been read before.` },
        ],
        actions: [{ label: 'Read it again', primary: true, run: () => void open(request) }],
        detail: '',
      },
    })
  }

  const list = async (
    request: Request,
    reading: typeof import('./reading.ts'),
    unzip: Unzip,
    limits?: Limits,
  ): Promise<WalkPlan> => {
    const source = await request.open(reading, unzip)
    abort.signal.throwIfAborted()
    const name = source.name || request.name
    const found = await reading.walk(source, {
      signal: abort.signal,
      limits: limits ?? settings().import,
      defaultsOff: settings().defaultsOff,
      progress: ({ entries, files: count, bytes, path }) => {
        state.value = { phase: 'listing', name, entries, files: count, bytes, path }
      },
    })
    if (!found.over || limits) return found
    const raised = await ask(name, found)
    return raised ? reading.raiseLimits(found, raised) : found
  }

  const load = async (
    request: Request,
    reading: typeof import('./reading.ts'),
    limits?: Limits,
  ): Promise<{ found: WalkPlan; loaded: LoadedProject }> => {
    const { signal } = abort
    const unzipping = reading.createUnzipping(archive)
    signal.addEventListener('abort', unzipping.close)
    try {
      const found = await list(request, reading, unzipping.unzip, limits)
      return { found, loaded: await loadFiles(found, reading) }
    } finally {
      signal.removeEventListener('abort', unzipping.close)
      unzipping.close()
    }
  }

  const loadFiles = (found: WalkPlan, reading: typeof import('./reading.ts')): Promise<LoadedProject> =>
    reading.loadPlan(found, {
      signal: abort.signal,
      progress: ({ files: count, bytes, totalFiles: allFiles, totalBytes: allBytes }) => {
        state.value = { phase: 'reading', name: found.name, files: count, bytes, allFiles, allBytes }
      },
    })

  const read = async (request: Request, limits?: Limits): Promise<void> => {
    const reading = await import('./reading.ts')
    const { found, loaded } = await load(request, reading, limits)
    const { name } = found
    const count = loaded.files.length
    const bytes = loaded.files.reduce((sum, file) => sum + file.bytes.length, 0)
    if (count === 0 && loaded.broken) throw new Error(loaded.broken.message)
    state.value = { phase: 'writing', name, files: count, bytes }
    const { plans, problems, notes, page } = reading.plansOf(loaded, await surroundings())
    await replaceFiles(reading.packProject(loaded))
    const leftOut = loaded.leftOut.map(({ path, reason, size }) => ({ path, reason, size: size ?? null }))
    stores.project.apply({
      type: 'opened',
      project: { name, kind: request.kind, files: count, bytes, leftOut, plans, options: page },
    })
    plan.value = found
    remember(request, name)
    const desk = await atDesk()
    desk.arrived(name, page)
    await files.openProject(PROJECT_ROOT)
    tell(name, count, bytes, leftOut.length)
    for (const { message } of loaded.notes) say(message)
    desk.tell(problems, notes)
    if (loaded.broken) vanished(request, loaded.broken.message, count)
    if (request.show) void files.show(`${PROJECT_ROOT}/${request.show}`)
    const handle = await request.handle?.()
    if (handle) disk.propose(handle)
    void kept.keep(name).then(desk.kept)
  }

  const restore = async (id: string, takeOver: boolean): Promise<void> => {
    abort.abort(new DOMException('another project was opened', 'AbortError'))
    abort = new AbortController()
    const mine = abort
    stores.notices.apply({ type: 'card-away' })
    state.value = { phase: 'restoring', name: 'the project' }
    try {
      await files.documents.saveAll()
      await runner.stopAll()
      files.closeProject()
      disk.forget()
      stores.project.apply({ type: 'closed' })
      const desk = await atDesk()
      const { project, entries, losses } = await wasmrun.projects.open(id, { takeOver })
      kept.remember(id)
      stores.processes.apply({ type: 'reset' })
      plan.value = null
      const { name } = project
      const leftOut = losses.map(({ path, what }) => ({ path, reason: what, size: null }))
      stores.project.apply({
        type: 'opened',
        project: { name, kind: 'kept', files: entries, bytes: 0, leftOut, plans: [], isLooking: true },
      })
      desk.restored(id, name)
      await files.openProject(PROJECT_ROOT)
      say(`Opened ${name} as it was kept: ${plural(entries, 'entry', 'entries')}.`)
      for (const { path, what } of losses) say(`${path || name}: ${what}`, 'error')
      await desk.look()
    } catch (error) {
      if (mine.signal.aborted) return
      tellUnopened(id, error)
    } finally {
      if (mine === abort) state.value = null
    }
  }

  const tellUnopened = (id: string, error: unknown): void => {
    say(messageOf(error), 'error')
    const card = unopenedCard(error, (takeOver) => void restore(id, takeOver))
    stores.notices.apply({ type: 'card', card })
  }

  const tell = (name: string, count: number, bytes: number, out: number): void => {
    const left = out > 0 ? ` ${plural(out, 'entry', 'entries')} left out.` : ''
    say(`Opened ${name}: ${plural(count, 'file')}, ${formatBytes(bytes)}.${left}`)
    const chosen = stores.project.chosen.value
    if (chosen) say(`Chose ${chosen.title}: ${chosen.reason}`)
  }

  const open = async (request: Request, limits?: Limits): Promise<void> => {
    abort.abort(new DOMException('another project was opened', 'AbortError'))
    abort = new AbortController()
    const mine = abort
    last = request
    stores.notices.apply({ type: 'card-away' })
    state.value = { phase: 'listing', name: request.name, entries: 0, files: 0, bytes: 0, path: '' }
    try {
      await read(request, limits)
    } catch (error) {
      if (mine.signal.aborted) return
      say(messageOf(error), 'error')
      stores.notices.apply({
        type: 'card',
        card: {
          title: titles[request.kind],
          facts: [
            { name: 'Cause', text: messageOf(error) },
            { name: 'Next', text: nextStep(request.kind, error) },
          ],
          actions: [{ label: 'Try again', primary: true, run: () => void open(request, limits) }],
          detail: '',
        },
      })
    } finally {
      if (mine === abort) state.value = null
    }
  }

  return {
    state,
    recent,
    plan,
    open: (request) => open(request),
    cancel() {
      abort.abort(new DOMException('cancelled', 'AbortError'))
      state.value = null
    },
    answer(limits) {
      answered?.(limits)
      answered = null
    },
    raise() {
      const offer = plan.value?.over?.offer
      if (last && offer) void open(last, offer)
    },
    restore: (id, takeOver = false) => restore(id, takeOver),
    async close() {
      await files.documents.saveAll()
      await runner.stopAll()
      files.closeProject()
      stores.project.apply({ type: 'closed' })
      desk?.left()
      plan.value = null
      await empty()
    },
  }
}
