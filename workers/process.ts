/**
 * A process worker. It is loaded blank, warmed perhaps (a hidden first run of a runtime), and bound once to a thread of a process.
 *
 *   loaded ─► [ warm ─► warmed ] ─► bind ─► run ─► exit to the kernel, which ends this worker
 */
import type { FromProcessWorker, ToProcessWorker } from '../src/abi/control.ts'
import { listen, post } from '../src/ipc/port.ts'
import { boot } from '../src/process/boot.ts'
import { RUNTIMES } from '../src/runtimes/index.ts'

const scope = self as unknown as MessagePort

const stop = listen(scope, (data) => {
  // Only the jail's document has this worker's other end.
  const message = data as ToProcessWorker
  if (message.type === 'warm') {
    RUNTIMES[message.recipe.kind].prewarm(message.module, message.recipe)
    post(scope, { type: 'warmed' } satisfies FromProcessWorker)
    return
  }
  stop()
  void boot(self, message, RUNTIMES[message.start.kind].run)
})
