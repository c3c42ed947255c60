/**
 * Runs a command module to its end, or one further thread of it to the end of that thread.
 *
 * Invariant: never throws; every way out is an exit reason with a sentence where the user needs one.
 */
import type { ExitReason } from '../abi/control.ts'
import { THREAD_RETURNED, type Threading } from './boot.ts'
import { cannotRun, faultReason } from './faults.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { whyNotRunnable } from './module.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'
import { createWasi } from './wasi.ts'

type Start = () => void
type ThreadStart = (thread: number, argument: number) => void

const ALONE: Threading = { guest: null, begin: null }

export const exec = (
  process: Process,
  module: WebAssembly.Module,
  kernel?: KernelCalls,
  { guest, begin }: Threading = ALONE,
  more: Record<string, Record<string, unknown>> = {},
): ExitReason => {
  const { imports: own, setMemory } = createWasi(process)
  const wasi = { ...own, ...more }
  const imports = guest && kernel ? { ...wasi, ...threadImports(process, module, kernel, guest) } : wasi
  const name = process.args[0] ?? 'the program'
  const reason = whyNotRunnable(module, imports)
  if (reason) return cannotRun(`${name} cannot run: ${reason}`)
  try {
    const { exports } = new WebAssembly.Instance(module, imports as unknown as WebAssembly.Imports)
    // whyNotRunnable has seen that all of these are there and of that kind.
    setMemory(guest ?? (exports.memory as WebAssembly.Memory))
    if (begin) {
      const run = exports.wasi_thread_start as ThreadStart
      run(process.memory.thread, begin.argument)
      return { code: THREAD_RETURNED, signal: 0, message: '' }
    }
    const start = exports._start as Start
    start()
    return { code: 0, signal: 0, message: '' }
  } catch (error) {
    const { ended } = process
    return ended ? { ...ended, message: '' } : faultReason(error)
  }
}

/** wasi-threads: the memory under whatever name the module asks for it; `thread-spawn` gives a number, or -errno. */
export const threadImports = (
  process: Process,
  module: WebAssembly.Module,
  kernel: KernelCalls,
  memory: WebAssembly.Memory,
): Record<string, Record<string, unknown>> => {
  const spawn = (argument: number): number => {
    process.enter()
    return waitIn(process, kernel.spawnThread(argument))
  }
  const imports: Record<string, Record<string, unknown>> = { wasi: { 'thread-spawn': spawn } }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'memory') imports[from] = { ...imports[from], [name]: memory }
  }
  return imports
}
