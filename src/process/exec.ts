/**
 * Runs a command module to its end, whatever that end is.
 *
 * Invariant: never throws; every way out is an exit reason with a sentence where the user needs one.
 */
import type { ExitReason } from '../abi/control.ts'
import { cannotRun, faultReason } from './faults.ts'
import { whyNotRunnable } from './module.ts'
import type { Process } from './process.ts'
import { createWasi } from './wasi.ts'

export const exec = (process: Process, module: WebAssembly.Module): ExitReason => {
  const { imports, setMemory } = createWasi(process)
  const name = process.args[0] ?? 'the program'
  const reason = whyNotRunnable(module, imports)
  if (reason) return cannotRun(`${name} cannot run: ${reason}`)
  try {
    const { exports } = new WebAssembly.Instance(module, imports as unknown as WebAssembly.Imports)
    // whyNotRunnable has seen that both are there and of that kind.
    setMemory(exports.memory as WebAssembly.Memory)
    const start = exports._start as () => void
    start()
    return { code: 0, signal: 0, message: '' }
  } catch (error) {
    const { ended } = process
    return ended ? { ...ended, message: '' } : faultReason(error)
  }
}
