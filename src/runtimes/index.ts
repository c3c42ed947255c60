/** What each kind of runtime does with its module: run it, and run it once for nothing beforehand. */
import type { RuntimeRecipe, WarmRecipe } from '../abi/control.ts'
import type { Run } from '../process/boot.ts'
import { runQuickJs, warmQuickJs } from './quickjs/boot.ts'
import { runWasi, warmWasi } from './wasi/boot.ts'

export interface Runtime {
  run: Run
  /** Without the machine: nothing of it is attached yet. Never throws. */
  prewarm(module: WebAssembly.Module, recipe: WarmRecipe): void
}

export const RUNTIMES: Record<RuntimeRecipe['kind'], Runtime> = {
  wasi: { run: runWasi, prewarm: warmWasi },
  quickjs: { run: runQuickJs, prewarm: warmQuickJs },
}
