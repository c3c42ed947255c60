/** A WASI command: the module is the program. */
import { exec } from '../../process/exec.ts'
import { warm } from '../../process/warm.ts'

export const runWasi = exec
export const warmWasi = warm
