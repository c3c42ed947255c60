/**
 * The import module `wasmrun`: what WASI has no words for. Processes, pipes, the working directory, terminals, message ports and the
 * capabilities for them; examples/ipc/wasmrun.h is the same in C, docs/ipc.md says what each call means.
 *
 * Invariant: as with WASI, each import gives an errno and puts its values behind its last pointers, and writes them only when it
 * succeeds (or, `receive`, when the message did not fit); pointers, counts and lengths are checked before anything is done.
 */
import { type CallName, SYSCALLS, WASMRUN } from '../../abi/syscalls.ts'
import { isTraced } from '../../objects/trace-ring.ts'
import type { Process } from '../process.ts'
import { type Call, traceCall } from '../trace.ts'
import { capabilityCalls } from './capabilities.ts'
import { portCalls } from './ports.ts'
import { processCalls } from './processes.ts'
import { createSight, type Sight } from './sight.ts'
import { terminalCalls } from './terminals.ts'

export type WasmrunImports = ReturnType<typeof calls>

const calls = (process: Process, sight: Sight) => ({
  ...processCalls(process, sight),
  ...terminalCalls(process, sight),
  ...portCalls(process, sight),
  ...capabilityCalls(process, sight),
})

export const wasmrunImports = (process: Process): WasmrunImports => {
  const sight = createSight(process)
  const wrapped = Object.entries(calls(process, sight)).map(([name, call]) => [
    name,
    traced(process, sight, name, call),
  ])
  return Object.fromEntries(wrapped)
}

/** Which argument points to a text or to data whose length comes next. */
const TEXT_AT: Record<string, number> = { chdir: 0, port_create: 1, bind: 1, port_open: 1, send: 1 }
/** Bytes of it that a record has. */
const TEXT_BYTES = 96
/** Calls whose last argument points to what strace shows as their result. */
const GIVES = new Set(['spawn', 'wait', 'namespace_create', 'port_create', 'port_open', 'receive', 'derive'])

/** As the imports of WASI (trace.ts): a record of each call while the process is traced. */
const traced = (process: Process, sight: Sight, name: string, call: Call): Call => {
  const id = idOf(name)
  const at = TEXT_AT[name]
  const run = call as (...args: number[]) => unknown
  const textOf = (args: readonly number[]): Uint8Array[] => {
    if (at === undefined) return []
    const [start = 0, length = 0] = args.slice(at)
    const shown = Math.min(length >>> 0, TEXT_BYTES)
    return [sight.has(start, shown) ? sight.bytes(start, shown) : new Uint8Array(0)]
  }
  const finish = (args: readonly number[], result: number) => {
    const last = args.at(-1) ?? 0
    const out = result === 0 && GIVES.has(name) && sight.has(last, 4) ? sight.word(last) : 0
    return { out, texts: textOf(args) }
  }
  return ((...args: number[]) =>
    isTraced(process.objects)
      ? traceCall(
          process.objects,
          id,
          args,
          () => run(...args),
          (result) => finish(args, result),
        )
      : run(...args)) as unknown as Call
}

/** Of a traced call's record; see `WASMRUN`. */
const idOf = (name: string): number => {
  for (const [call, names] of Object.entries(WASMRUN)) {
    const { number, wasi } = SYSCALLS[call as CallName]
    if (names.includes(name)) return (number << 8) | (wasi.length + names.indexOf(name))
  }
  return 0
}
