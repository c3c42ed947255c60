/**
 * What goes on around an open project: how it runs, found out again when that changes; what the page remembers of it; what is
 * followed for it. Fetched with the first project.
 */
import { DISK_OFF } from '../../abi/disk.ts'
import type { Surroundings } from '../../project/detect.ts'
import { detectLazily } from '../../project/detect-lazily.ts'
import { walk } from '../../project/walk.ts'
import type { Wasmrun } from '../../sdk/types.ts'
import type { Files } from '../files/files.ts'
import { syncNotes } from '../logs/sync-notes.ts'
import { machineSource } from '../projects/machine-source.ts'
import { createProjectMemory, type ProjectMemory } from '../projects/project-memory.ts'
import { followChanges } from '../run/live-reload.ts'
import type { Runner } from '../run/runner.ts'
import { PROJECT_ROOT } from '../stores/project-store.ts'
import { IMPORT_MOST } from '../stores/settings.ts'
import type { Stores } from '../stores/stores.ts'
import { plansFrom } from './plans.ts'
import { followConfiguration } from './replan.ts'

export interface Desk extends Omit<ProjectMemory, 'says'> {
  /** Finds out how the open project runs. */
  look(): Promise<void>
  /** Says what is wrong in its configuration; what was said before and still holds is not said again. */
  tell(problems: readonly string[], notes: readonly string[]): void
}

export interface DeskParts {
  wasmrun: Pick<Wasmrun, 'fs' | 'on'>
  stores: Stores
  storage: Pick<Storage, 'getItem' | 'setItem'> | null
  files: Files
  runner: Runner
  now(): number
  later(callback: () => void, milliseconds: number): void
  surroundings(): Promise<Surroundings>
}

export const createDesk = (parts: DeskParts): Desk => {
  const { wasmrun, stores, storage, now, surroundings } = parts
  const memory = createProjectMemory(stores, storage)
  let said: readonly string[] = []
  let turn = 0
  const renew = (): void => {
    said = []
    turn++
  }
  const say = (text: string, severity: 'warning' | 'error'): void =>
    stores.console.apply({ type: 'system', source: 'page', text, time: now(), severity })
  const tell = (problems: readonly string[], notes: readonly string[]): void => {
    const known = said
    said = [...problems, ...notes]
    for (const text of problems) if (!known.includes(text)) say(text, 'error')
    for (const text of notes) if (!known.includes(text)) say(text, 'warning')
  }

  wasmrun.on('project', ({ what, losses = [] }) => {
    if (what === 'lost') for (const { path, what: words } of losses) say(`${path}: ${words}`, 'error')
  })

  let disk = DISK_OFF
  wasmrun.on('sync', (status) => {
    for (const note of syncNotes(disk, status))
      stores.logs.apply({ type: 'entry', entry: { time: now(), ...note } })
    disk = status
  })

  const look = async (): Promise<void> => {
    const mine = ++turn
    const name = stores.project.project.value?.name ?? ''
    const source = await machineSource(wasmrun.fs, PROJECT_ROOT, name)
    const { files } = await walk(source, { limits: IMPORT_MOST, gitignore: false })
    const { plans, problems, notes, page } = plansFrom(await detectLazily({ files }, await surroundings()))
    if (mine !== turn || !stores.project.project.value) return
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    stores.project.apply({ type: 'plans', plans, files: files.length, bytes, options: page })
    memory.says(page)
    tell(problems, notes)
  }
  followChanges(parts)
  followConfiguration({ ...parts, look })

  return {
    tell,
    look,
    kept: memory.kept,
    left: memory.left,
    arrived(name, page) {
      renew()
      memory.arrived(name, page)
    },
    restored(id, name) {
      renew()
      memory.restored(id, name)
    },
  }
}
