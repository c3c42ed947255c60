/** All stores together: what the page knows. Each has one writer, its `apply`. */
import { type ConsoleStore, createConsoleStore } from '../console/console-store.ts'
import { createDialogStore, type DialogStore } from './dialog-store.ts'
import { createLogStore, type LogStore } from './log-store.ts'
import { createNoticeStore, type NoticeStore } from './notice-store.ts'
import { createPreferenceStore, type PreferenceStore } from './preferences.ts'
import { createProcessStore, type ProcessStore } from './process-store.ts'
import { createProjectStore, type ProjectStore } from './project-store.ts'
import { createRuntimeStore, type RuntimeStore } from './runtime-store.ts'

export interface Stores {
  console: ConsoleStore
  processes: ProcessStore
  project: ProjectStore
  runtimes: RuntimeStore
  notices: NoticeStore
  logs: LogStore
  preferences: PreferenceStore
  dialogs: DialogStore
}

export interface StoreParts {
  storage: Pick<Storage, 'getItem' | 'setItem'> | null
  /** As long as the tab; null where there is none. */
  session?: Pick<Storage, 'getItem' | 'setItem'> | null
  nextFrame(): Promise<void>
  later(callback: () => void, milliseconds: number): void
}

export const createStores = ({ storage, session = null, nextFrame, later }: StoreParts): Stores => ({
  console: createConsoleStore((callback) => void nextFrame().then(callback)),
  processes: createProcessStore(),
  project: createProjectStore(),
  runtimes: createRuntimeStore(),
  notices: createNoticeStore(later),
  logs: createLogStore(session),
  preferences: createPreferenceStore(storage),
  dialogs: createDialogStore(),
})
