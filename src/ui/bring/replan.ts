/**
 * Looks again at how the project runs when what says so has changed, here or on disk. While nothing can be run, any new file may be
 * the one that can.
 */
import type { Files } from '../files/files.ts'
import type { Stores } from '../stores/stores.ts'

/** Milliseconds of quiet: an editor saves in the middle of a word, a checkout in a burst. */
export const LOOK_DELAY = 500
/** Files that detection, configuration and versions are read from, wherever they stand. */
const SAYS =
  /\/(\.wasmrun\.toml|package\.json|\.nvmrc|\.node-version|\.python-version|pyproject\.toml|setup\.cfg|go\.mod|Cargo\.toml|rust-toolchain(\.toml)?|Gemfile)$/
const ELSEWHERE = /\/(node_modules|\.git|\.venv|venv)\//

export interface ReplanParts {
  stores: Pick<Stores, 'project'>
  files: Pick<Files, 'onChange'>
  look(): Promise<void>
  later(callback: () => void, milliseconds: number): void
}

export const followConfiguration = ({ stores, files, look, later }: ReplanParts): void => {
  let turn = 0
  files.onChange((changes) => {
    const project = stores.project.project.value
    if (!project) return
    const isStuck = !project.plans.some(({ command }) => command !== '')
    const matters = changes.some(({ path }) => !ELSEWHERE.test(path) && (isStuck || SAYS.test(path)))
    if (!matters) return
    const mine = ++turn
    later(() => {
      // a look that fails leaves what was found before; the next change looks again
      if (mine === turn && stores.project.project.value) look().catch(() => undefined)
    }, LOOK_DELAY)
  })
}
