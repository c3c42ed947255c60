/** All stores together: what the page knows. Each has one writer, its `apply`. */
import { type ConsoleStore, createConsoleStore } from '../console/console-store.ts'
import { sourceOf } from '../logs/log-feed.ts'
import { createDialogStore, type DialogStore } from './dialog-store.ts'
import { createLogStore, type LogStore } from './log-store.ts'
import { createNoticeStore, type NoticeStore } from './notice-store.ts'
import { createPreferenceStore, type PreferenceStore } from './preferences.ts'
import { createProcessStore, type ProcessStore } from './process-store.ts'
import { createProjectStore, type ProjectStore } from './project-store.ts'
import { createRuntimeStore, type RuntimeStore } from './runtime-store.ts'
import { createUpdateStore, type UpdateStore } from './update-store.ts'

export interface Stores {
  console: ConsoleStore
  processes: ProcessStore
  project: ProjectStore
  runtimes: RuntimeStore
  notices: NoticeStore
  logs: LogStore
  preferences: PreferenceStore
  dialogs: DialogStore
  updates: UpdateStore
}

export interface StoreParts {
  storage: Pick<Storage, 'getItem' | 'setItem'> | null
  nextFrame(): Promise<void>
  later(callback: () => void, milliseconds: number): void
}

/** What the machine says on the console stands in the log, too. */
const noted = (console: ConsoleStore, logs: LogStore): ConsoleStore => ({
  ...console,
  apply(event) {
    console.apply(event)
    if (event.type !== 'system') return
    const { time, text } = event
    const { severity = 'info' } = event
    logs.apply({ type: 'entry', entry: { time, source: sourceOf(event.source), severity, text } })
  },
})

export const createStores = ({ storage, nextFrame, later }: StoreParts): Stores => {
  const logs = createLogStore({ storage, later })
  return {
    console: noted(
      createConsoleStore((callback) => void nextFrame().then(callback)),
      logs,
    ),
    processes: createProcessStore(),
    project: createProjectStore(),
    runtimes: createRuntimeStore(),
    notices: createNoticeStore(later),
    logs,
    preferences: createPreferenceStore(storage),
    dialogs: createDialogStore(),
    updates: createUpdateStore(),
  }
}
