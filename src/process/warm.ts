/**
 * A hidden first run of a WASI module, in a machine of its own that is thrown away. It makes the engine compile what every start
 * of the runtime needs: the browser keeps that code with the module, so the next instance of it starts at full speed, and
 * this worker has run the machine's own code once as well.
 *
 * Invariant: nothing of the real machine is attached yet, and nothing of the run is left behind.
 */
import type { WarmRecipe } from '../abi/control.ts'
import { exec } from './exec.ts'
import { createHiddenMachine } from './hidden-machine.ts'

/** Runs it to its end. A run that fails has still warmed what it reached, so its reason is of no interest. */
export const warm = (module: WebAssembly.Module, { args, env }: Pick<WarmRecipe, 'args' | 'env'>): void => {
  try {
    exec(createHiddenMachine({ args, env }).process, module)
  } catch {
    // No memory for it: the runtime's first start is slower, no more.
  }
}
