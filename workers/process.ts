/** The process worker of WASI commands: Rust, Go, CPython and every other module with a `_start`. */
import { serve } from '../src/runtimes/index.ts'
import { runWasi, warmWasi } from '../src/runtimes/wasi/boot.ts'

serve(self as unknown as MessagePort, { run: runWasi, prewarm: warmWasi })
