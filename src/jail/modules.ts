/**
 * Compiled modules, once per key for all processes. A WebAssembly.Module cannot cross the wall, so bytes come in and are
 * compiled here; posting a module to a worker costs no second compilation.
 */
import { ERRNO, SysError } from '../abi/errno.ts'

export interface Modules {
  compile(key: string, wasm: ArrayBuffer): Promise<void>
  get(key: string): WebAssembly.Module
  forget(key: string): void
}

export const createModules = (): Modules => {
  const modules = new Map<string, Promise<WebAssembly.Module>>()
  const ready = new Map<string, WebAssembly.Module>()
  return {
    compile: async (key, wasm) => {
      const compiling = modules.get(key) ?? compile(wasm)
      modules.set(key, compiling)
      try {
        const module = await compiling
        ready.set(key, module)
      } catch (error) {
        modules.delete(key)
        throw error
      }
    },
    get: (key) => {
      const module = ready.get(key)
      if (!module) throw new SysError(ERRNO.NOENT, key, 'no such compiled module')
      return module
    },
    forget: (key) => {
      modules.delete(key)
      ready.delete(key)
    },
  }
}

const compile = async (wasm: ArrayBuffer): Promise<WebAssembly.Module> => {
  try {
    return await WebAssembly.compile(wasm)
  } catch (error) {
    const detail =
      error instanceof Error ? error.message.replace(/^WebAssembly\.\w+\(\):\s*/, '') : String(error)
    throw new SysError(ERRNO.NOEXEC, '', `not a valid WebAssembly module: ${detail}`)
  }
}
