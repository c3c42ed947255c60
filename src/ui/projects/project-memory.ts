/**
 * What the page remembers of each project beside its files: its layout and how the user wants it run, by the project's id; and
 * what the project itself says about the page.
 *
 * Invariant: nothing of one project is written under the id of another.
 */
import { effect } from '@preact/signals'
import { createOwnChoices } from '../stores/own-choices.ts'
import { NO_CHOICE, type PageOptions } from '../stores/project-store.ts'
import type { Stores } from '../stores/stores.ts'

export interface ProjectMemory {
  /** A project came that is not kept yet. */
  arrived(name: string, options: PageOptions): void
  /** It is kept now; '' when it could not be. */
  kept(id: string): void
  /** A kept one was opened. */
  restored(id: string, name: string): void
  left(): void
  /** What its configuration says; told again when that has changed. */
  says(options: PageOptions): void
}

export const createProjectMemory = (
  stores: Pick<Stores, 'project' | 'preferences' | 'console' | 'logs'>,
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
): ProjectMemory => {
  const choices = createOwnChoices(storage)
  const { project, preferences } = stores
  let open = ''
  let last: PageOptions = {}
  const says = (options: PageOptions): void => {
    // what the user has switched since stays, until the project says something else
    const isNews = options.watch !== last.watch
    if (options.watch !== undefined && isNews) preferences.apply({ watch: options.watch })
    for (const store of [stores.console, stores.logs])
      store.apply({ type: 'limit', lines: options.maxLines ?? null })
    last = options
  }
  const enter = (id: string, name: string): void => {
    open = id
    last = {}
    preferences.enter(id, name)
    says({})
  }
  effect(() => {
    const own = project.own.value
    if (open !== '' && own !== NO_CHOICE) choices.keep(open, own)
  })
  return {
    says,
    arrived(name, options) {
      enter('', name)
      says(options)
    },
    kept(id) {
      if (id === '') return
      open = id
      preferences.adopt(id)
      if (project.own.value !== NO_CHOICE) choices.keep(id, project.own.value)
    },
    restored(id, name) {
      enter(id, name)
      const own = choices.of(id)
      if (own) project.apply({ type: 'recall', own })
    },
    left: () => enter('', ''),
  }
}
