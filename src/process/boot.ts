/**
 * How a process worker starts and ends: attached to the machine, locked down, bound to its descriptors, run, reported.
 *
 *   bind ─► attach memory ─► take away ─► narrow rights ─► the kind's `run` ─► kernel.exit(reason)
 *
 * The control link goes one way: this worker calls the kernel. What the kernel wants of a process (signal, window size, figures) is in
 * shared memory, for a guest that computes or sleeps hears no messages, and one that could be asked need not be.
 *
 * Invariant: the kernel hears of an end exactly once, whatever happens in here; a guest runs only after lockDown.
 */
import type { ExitReason, KernelForProcess, ProcessBind } from '../abi/control.ts'
import { connect } from '../ipc/rpc.ts'
import { THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { cannotRun } from './faults.ts'
import { settleRights } from './files.ts'
import { createKernelCalls, type KernelCalls } from './kernel-calls.ts'
import { lockDown, shield } from './lockdown.ts'
import { attachMachine } from './machine.ts'
import { createProcess, type Process } from './process.ts'
import { waitIn } from './waiting.ts'

/** What a kind of program does with a module; see src/runtimes. */
export type Run = (
  process: Process,
  module: WebAssembly.Module,
  kernel: KernelCalls,
  threading: Threading,
) => ExitReason | Promise<ExitReason>

/** What a program with threads is given. */
export interface Threading {
  /** The memory that its threads share; null for a program without. */
  guest: WebAssembly.Memory | null
  /** Set in every thread but the first. */
  begin: { argument: number } | null
}

export interface Bound extends ProcessBind {
  module: WebAssembly.Module
}

/** Exit code (none that a program can have) by which a thread other than the first says that it has returned. */
export const THREAD_RETURNED = -1

/** Resolves when the kernel has been told. Never rejects. */
export const boot = async (
  scope: object,
  { memory, guest, start, pulse, port, module }: Bound,
  run: Run,
): Promise<void> => {
  const kernel = connect<KernelForProcess>(port)
  let reason: ExitReason
  let view: Memory | null = null
  try {
    shield(memory)
    shield(port)
    const machine = attachMachine(memory, start.thread, start.pid)
    view = machine.memory
    lockDown(scope)
    // The descriptors are the process's: its first thread has settled them.
    if (!start.begin) settleRights(machine)
    setWord(machine.memory, threadAt(start.thread) + THREAD.STATE, THREAD_STATE.RUNNING)
    const calls = createKernelCalls(machine.memory, kernel.api)
    const process = createProcess({ ...machine, ...start, pulse, kernel: calls })
    machine.vfs.volume.bring = (inode) => waitIn(process, calls.bring(inode))
    reason = await run(process, module, calls, {
      guest,
      begin: start.begin,
    })
  } catch (error) {
    reason = cannotRun(
      `the process could not start: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  // From here on this thread touches nothing of the machine, so its slot needs no quarantine.
  if (view) setWord(view, threadAt(start.thread) + THREAD.STATE, THREAD_STATE.PARKED)
  const hasReturned = start.begin !== null && reason.code === THREAD_RETURNED
  await (hasReturned ? kernel.api.endThread() : kernel.api.exit(reason)).catch(() => {
    // The kernel is gone, and with it whoever could hear of it.
  })
}
