/** What every component can reach: the machine, what is known, and what can be done. Made once, by the page's door. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Wasmrun } from '../sdk/types.ts'
import type { Bring } from './bring/bring.ts'
import type { DiskLink } from './disk/disk-link.ts'
import type { Files } from './files/files.ts'
import type { Operations } from './files/operations.ts'
import type { MachineView } from './kernel/machine-view.ts'
import type { KeptProjects } from './projects/kept-projects.ts'
import type { FactStore } from './projects/project-facts.ts'
import type { Runner } from './run/runner.ts'
import type { Gallery } from './start/gallery.ts'
import type { SettingsStore } from './stores/settings.ts'
import type { Stores } from './stores/stores.ts'

export interface Ui {
  readonly wasmrun: Wasmrun
  readonly stores: Stores
  readonly runner: Runner
  readonly files: Files
  readonly operations: Operations
  readonly bring: Bring
  readonly kept: KeptProjects
  readonly disk: DiskLink
  readonly facts: FactStore
  readonly settings: SettingsStore
  readonly machine: MachineView
  readonly gallery: Gallery
  now(): number
}

const UiContext = createContext<Ui | null>(null)
export const UiProvider = UiContext.Provider

export const useUi = (): Ui => {
  const ui = useContext(UiContext)
  if (!ui) throw new Error('A component was drawn outside of the page.')
  return ui
}
