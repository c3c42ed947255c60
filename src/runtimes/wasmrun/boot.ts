/** A WASI command that imports from `wasmrun` as well: the same life, with more imports, and the knowledge to hold capabilities. */
import { ALL_KINDS } from '../../objects/all-kinds.ts'
import { knowCapabilities } from '../../objects/capability-calls.ts'
import { learnKinds } from '../../objects/kinds.ts'
import type { Run } from '../../process/boot.ts'
import { exec } from '../../process/exec.ts'
import { wasmrunImports } from '../../process/wasmrun/imports.ts'

export const runWasmrun: Run = (process, module, kernel, threading) => {
  knowCapabilities(process.objects)
  // What a child may be handed by a runtime that can make it.
  learnKinds(ALL_KINDS)
  return exec(process, module, kernel, threading, { wasmrun: wasmrunImports(process) })
}
