/** The process worker of WASI commands that import from `wasmrun`: processes, terminals, message ports (docs/ipc.md). */
import { serve } from '../src/runtimes/index.ts'
import { warmWasi } from '../src/runtimes/wasi/boot.ts'
import { runWasmrun } from '../src/runtimes/wasmrun/boot.ts'

serve(self as unknown as MessagePort, { run: runWasmrun, prewarm: warmWasi })
