/** A WASI command that imports from `wasmrun` as well: the same life, with more imports, and the knowledge to hold capabilities. */
import { knowCapabilities } from '../../objects/capability-calls.ts'
import type { Run } from '../../process/boot.ts'
import { exec } from '../../process/exec.ts'
import { wasmrunImports } from '../../process/wasmrun/imports.ts'

export const runWasmrun: Run = (process, module, kernel, threading) => {
  knowCapabilities(process.objects)
  return exec(process, module, kernel, threading, { wasmrun: wasmrunImports(process) })
}
