/**
 * Runs the program again when a file of the project has changed: by the user, from the disk, by another program. What the
 * program and its children write themselves is not followed: a program that writes a file would start itself for ever.
 *
 * Invariant: only what was started once starts again, and a crowd of changes is one.
 */
import type { Files } from '../files/files.ts'
import type { Stores } from '../stores/stores.ts'
import type { Runner } from './runner.ts'

/** Milliseconds of quiet before the program starts again: a save of several files is one change. */
export const RELOAD_DELAY = 300
/** Milliseconds in which the machine has surely told of what was saved because the program starts. */
export const SETTLED = 2000
/** What no program is written in: packages, histories, caches. */
const DULL = /\/(node_modules|\.git|__pycache__|\.venv|venv)(\/|$)/

export interface LiveReloadParts {
  stores: Stores
  files: Pick<Files, 'onTouch' | 'onChange'>
  runner: Pick<Runner, 'restart' | 'runs' | 'planOf' | 'hasRun'>
  later(callback: () => void, milliseconds: number): void
}

export const followChanges = ({ stores, files, runner, later }: LiveReloadParts): void => {
  let turn = 0
  let isRestarting = false
  let isWanted = false
  /** What is saved because the program starts is in it already. */
  const included = new Set<string>()
  const wanted = (): string => {
    const plan = stores.project.chosen.value
    const isOn = plan && plan.command !== '' && stores.preferences.current.value.watch
    return isOn && runner.hasRun(plan.id) ? plan.id : ''
  }
  const isPreparing = (id: string): boolean => runner.runs.value.get(id)?.state === 'preparing'
  const restart = async (): Promise<void> => {
    const plan = stores.project.chosen.value
    if (!plan || wanted() === '') return
    isWanted = isRestarting
    if (isRestarting) return
    isRestarting = true
    try {
      await runner.restart(plan)
    } finally {
      isRestarting = false
      if (isWanted) void restart()
    }
  }
  files.onTouch((paths) => {
    const id = wanted()
    for (const path of paths) {
      if (!isPreparing(id)) included.delete(path)
      else {
        included.add(path)
        later(() => included.delete(path), SETTLED)
      }
    }
  })
  files.onChange((changes) => {
    const id = wanted()
    if (id === '' || isPreparing(id)) return
    const isNews = changes.some(
      ({ path, writer }) =>
        !DULL.test(path) && !included.has(path) && (writer === 0 || runner.planOf(writer) !== id),
    )
    if (!isNews) return
    const mine = ++turn
    later(() => {
      if (mine === turn) void restart()
    }, RELOAD_DELAY)
  })
}
