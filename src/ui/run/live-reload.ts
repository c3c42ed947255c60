/**
 * Runs the program again when the user has changed a file, if that is wanted. What programs write themselves is not followed:
 * a program that writes a file would start itself for ever.
 */
import type { Files } from '../files/files.ts'
import type { Stores } from '../stores/stores.ts'
import type { Runner } from './runner.ts'

/** Milliseconds of quiet before the program starts again: a save of several files is one change. */
export const RELOAD_DELAY = 300

export interface LiveReloadParts {
  stores: Stores
  files: Pick<Files, 'onTouch'>
  runner: Pick<Runner, 'restart' | 'runs'>
  later(callback: () => void, milliseconds: number): void
}

/** Returns a function that ends it. */
export const followChanges = ({ stores, files, runner, later }: LiveReloadParts): (() => void) => {
  let turn = 0
  let isRestarting = false
  let isWanted = false
  const restart = async (): Promise<void> => {
    const plan = stores.project.chosen.value
    if (!plan || plan.command === '' || !stores.preferences.current.value.watch) return
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
  return files.onTouch(() => {
    const plan = stores.project.chosen.value
    if (!plan || !stores.preferences.current.value.watch) return
    // what is saved because the program starts is in it already
    if (runner.runs.value.get(plan.id)?.state === 'preparing') return
    const mine = ++turn
    later(() => {
      if (mine === turn) void restart()
    }, RELOAD_DELAY)
  })
}
