/** The kernel worker evaluates this when it is first asked for what is in it, and takes it from the global scope. */
import { inspector } from '../src/kernel/inspector.ts'

Object.assign(globalThis, { inspector })
