/**
 * The projects that this browser keeps, as the page shows them, and what can be done with each.
 *
 * Invariant: a failure is told in words and changes nothing in the list.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ProjectInfo, SaveState, StorageFigures } from '../../abi/project.ts'
import type { Wasmrun } from '../../sdk/types.ts'
import { messageOf, plural } from '../format.ts'
import type { Card, NoticeStore } from '../stores/notice-store.ts'
import type { StorageActs } from './storage-cards.ts'

/** In the tab's own storage: what a reload opens again. */
const OPEN_KEY = 'wasmrun:open'

export interface KeptProjects {
  readonly list: ReadonlySignal<readonly ProjectInfo[]>
  readonly current: ReadonlySignal<ProjectInfo | null>
  /** The project that was open here until another tab took it over; its files are still here. */
  readonly taken: ReadonlySignal<ProjectInfo | null>
  readonly saving: ReadonlySignal<SaveState>
  readonly figures: ReadonlySignal<StorageFigures | null>
  /** Whether the list was read at all. */
  readonly known: ReadonlySignal<boolean>
  refresh(): Promise<void>
  rename(id: string, name: string): Promise<void>
  duplicate(id: string): Promise<void>
  remove(id: string): Promise<void>
  save(id: string): Promise<void>
  persist(): Promise<void>
  /** Keeps what lies in the machine now as a project of that name. Its id, or '' where nothing can be kept. */
  keep(name: string): Promise<string>
  /** A reload of the tab opens it again. */
  remember(id: string): void
  /** What the tab had open before it was reloaded, or ''. */
  before(): string
}

export interface KeptParts {
  wasmrun: Pick<Wasmrun, 'projects' | 'storage' | 'on'>
  notices: NoticeStore
  session: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
  give(name: string, data: Blob): void
  /** Gives the files that are in the machine now, saved or not. */
  zipNow(name: string): void
  /** Opens the page of what takes space. */
  seeStorage(): void
}

/** 'shop', then 'shop 2': the first that nobody has. */
export const freeName = (name: string, taken: readonly string[]): string => {
  if (!taken.includes(name)) return name
  for (let number = 2; ; number++) if (!taken.includes(`${name} ${number}`)) return `${name} ${number}`
}

export const createKeptProjects = ({
  wasmrun,
  notices,
  session,
  give,
  zipNow,
  seeStorage,
}: KeptParts): KeptProjects => {
  const { projects } = wasmrun
  const list = signal<readonly ProjectInfo[]>([])
  const current = signal<ProjectInfo | null>(null)
  const taken = signal<ProjectInfo | null>(null)
  const saving = signal<SaveState>({ state: 'saved', message: '' })
  const figures = signal<StorageFigures | null>(null)
  const known = signal(false)

  const tell = (text: string, kind: 'live' | 'fault' = 'fault'): void =>
    notices.apply({ type: 'toast', kind, text })
  const remember = (id: string): void => {
    try {
      if (id === '') session?.removeItem(OPEN_KEY)
      else session?.setItem(OPEN_KEY, id)
    } catch {
      // then a reload begins with the start screen
    }
  }
  const refresh = async (): Promise<void> => {
    try {
      const [found, storage] = await Promise.all([projects.list(), wasmrun.storage.estimate()])
      list.value = found
      figures.value = storage
      current.value = projects.current
      known.value = true
    } catch {
      // the page has said already that nothing can be kept here
      known.value = false
    }
  }
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      tell(`${what}: ${messageOf(error)}`)
      return false
    } finally {
      await refresh()
    }
  }

  const saveAgain = (): Promise<boolean> =>
    attempt('It could not be saved', async () => {
      await projects.save()
      tell('Everything in this project is kept again.', 'live')
    })
  const persist = (): Promise<boolean> =>
    attempt('The browser was not asked', async () => {
      const isPromised = await wasmrun.storage.persist()
      if (isPromised) tell('The browser keeps this storage until you delete it.', 'live')
      else
        tell(
          'The browser made no promise. It does so for sites that are installed, bookmarked or visited often; until then it may clear them when the disk is full.',
        )
    })
  const acts: StorageActs = {
    saveAgain: () => void saveAgain(),
    zip: () => zipNow(current.value?.name ?? 'project'),
    persist: () => void persist(),
    see: seeStorage,
  }
  const card = async (make: (cards: typeof import('./storage-cards.ts')) => Card): Promise<void> =>
    notices.apply({ type: 'card', card: make(await import('../bring/reading.ts')) })
  const tellFull = (message: string): void =>
    // without its words the reason alone is told
    void card(({ fullCard }) => fullCard(message, acts)).catch(() => tell(message))
  const tellCleared = ({ id, name }: ProjectInfo): void => {
    remember(id)
    void card(({ clearedCard }) => clearedCard(name, acts)).catch(() =>
      tell(`The browser has cleared what this page kept. ${name} is still here, and is being saved again.`),
    )
  }

  wasmrun.on('project', ({ what, project }) => {
    if (what === 'taken') taken.value = project
    if (what === 'opened' || what === 'closed') taken.value = null
    if (what === 'opened') saving.value = projects.saving
    current.value = projects.current
    if (what === 'closed' || what === 'taken') remember('')
    if (what === 'cleared' && project) tellCleared(project)
    void refresh()
  })
  wasmrun.on('save', (state) => {
    const isNews = state.message !== '' && state.message !== saving.value.message
    saving.value = state
    if (isNews && state.state === 'full') tellFull(state.message)
    // who is robbed gets a card of its own
    else if (isNews && state.state !== 'taken') tell(state.message)
  })

  return {
    list,
    current,
    taken,
    saving,
    figures,
    known,
    refresh,
    rename: async (id, name) => void (await attempt('It was not renamed', () => projects.rename(id, name))),
    duplicate: async (id) => void (await attempt('It was not copied', () => projects.duplicate(id))),
    remove: async (id) => void (await attempt('It was not deleted', () => projects.delete(id))),
    save: async (id) =>
      void (await attempt('It was not exported', async () => {
        const { name, zip, losses } = await projects.export(id)
        give(name, zip)
        if (losses.length > 0)
          tell(
            `${plural(losses.length, 'entry', 'entries')} could not be put into ${name}, ${losses[0]?.path} first.`,
          )
      })),
    persist: async () => void (await persist()),
    async keep(name) {
      let kept = ''
      await attempt(`${name} is in this tab only, it could not be kept`, async () => {
        const taken = (await projects.list()).map((project) => project.name)
        const { id } = await projects.create(freeName(name, taken), { files: 'current' })
        remember(id)
        kept = id
      })
      return kept
    },
    remember,
    before() {
      try {
        return session?.getItem(OPEN_KEY) ?? ''
      } catch {
        return ''
      }
    },
  }
}
