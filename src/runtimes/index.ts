/**
 * What a kind of runtime does with its module: run it, and run it once for nothing beforehand. Each kind has a process script of
 * its own (workers/process.ts, workers/quickjs.ts), so that no process carries what another needs.
 */
import type { FromProcessWorker, ToProcessWorker, WarmRecipe } from '../abi/control.ts'
import { listen, post } from '../ipc/port.ts'
import { boot, type Run } from '../process/boot.ts'

export interface Runtime {
  run: Run
  /** Without the machine: nothing of it is attached yet. Never throws. */
  prewarm(module: WebAssembly.Module, recipe: WarmRecipe): void
}

/**
 * A process worker's life: loaded blank, warmed perhaps, bound once to a thread of a process.
 *
 *   loaded ─► [ warm ─► warmed ] ─► bind ─► run ─► exit to the kernel, which ends this worker
 */
export const serve = (scope: MessagePort, runtime: Runtime): void => {
  const stop = listen(scope, (data) => {
    // Only the jail's document has this worker's other end.
    const message = data as ToProcessWorker
    if (message.type === 'warm') {
      runtime.prewarm(message.module, message.recipe)
      post(scope, { type: 'warmed' } satisfies FromProcessWorker)
      return
    }
    stop()
    void boot(scope, message, runtime.run)
  })
}
