/**
 * From a command to a compiled module and the way it starts.
 *
 *   './main.wasm'   contains '/' or ends in .wasm: a file, relative to cwd
 *   'python3'       a runtime the machine has; else a program in PATH; else a runtime the host can fetch
 *
 * Invariant: bytes are compiled before any worker is taken, so what is no module at all is refused by its path. Whether the
 * machine offers what a module imports is for the process to say (src/process/module.ts).
 */
import type { HostForKernel, JailApi, RuntimeBundle, RuntimeRecipe, SpawnRequest } from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import { limitText } from '../abi/limits.ts'
import type { Remote } from '../ipc/rpc.ts'
import { moving } from '../ipc/rpc.ts'
import { type Files, KIND } from '../vfs/types.ts'
import { limitMemory } from './wasm-memory.ts'

export interface Program {
  /** Key of the compiled module in the jail. */
  key: string
  kind: RuntimeRecipe['kind']
  /** For the process table: 'python 3.12.0', 'wasm'. */
  runtime: string
  env: Record<string, string>
  startsInPwd: boolean
}

export interface Programs {
  /** `memory` is the process's limit, in bytes. */
  resolve(request: Pick<SpawnRequest, 'command' | 'cwd' | 'env'>, memory: number): Promise<Program>
  ensureRuntime(name: string, version: string | null, memory: number): Promise<void>
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'
/** A worker with its first run behind it, beside the one that is bound. */
const WARM_WORKERS = 1

export const createPrograms = (
  files: Files,
  jail: Remote<JailApi>,
  host: Remote<HostForKernel>,
): Programs => {
  /** By name and memory limit: the limit is written into the module before it is compiled. */
  const runtimes = new Map<string, Promise<Program>>()
  const mounted = new Set<string>()
  /** The module that was last compiled for a path, so that an older one can be forgotten. */
  const compiled = new Map<string, { key: string; done: Promise<void> }>()

  const compile = async (key: string, wasm: Uint8Array<ArrayBuffer>, memory: number): Promise<void> => {
    const { bytes, minimum } = limitMemory(wasm, memory)
    if (minimum > memory) {
      const [asks, limit] = [limitText('memory', minimum), limitText('memory', memory)]
      throw new SysError(
        ERRNO.NOMEM,
        '',
        `it asks for ${asks} at its start, and the limit is ${limit} of memory`,
      )
    }
    await jail.compile(key, moving(bytes.buffer, [bytes.buffer]))
  }
  const install = async (bundle: RuntimeBundle, memory: number): Promise<Program> => {
    const { name, version, recipe } = bundle
    const key = `runtime:${name}@${version}#${memory}`
    for (const mount of recipe.mounts) {
      const tree = bundle.files[mount.file]
      if (!tree)
        throw new SysError(ERRNO.NOENT, mount.file, `the runtime ${name} lacks a file that it mounts`)
      if (mounted.has(mount.path)) continue
      files.mountTree(mount.path, new Uint8Array(tree), { readonly: true })
      mounted.add(mount.path)
    }
    await compile(key, new Uint8Array(bundle.wasm), memory)
    if (recipe.warm) {
      const warm = { kind: recipe.kind, args: recipe.warm, env: recipe.env }
      // A start without a warm worker is slower, not wrong.
      jail.keepWarm(key, warm, WARM_WORKERS).catch(() => {})
    }
    const { kind, env, startsInPwd } = recipe
    return { key, kind, runtime: `${name} ${version}`, env, startsInPwd }
  }
  const fetchRuntime = async (name: string, version: string | null, memory: number): Promise<Program> => {
    const bundle = await host.load(name, version)
    const installing = install(bundle, memory)
    const keys = [bundle.name, ...bundle.recipe.commands].map((known) => `${known}#${memory}`)
    for (const key of keys) runtimes.set(key, installing)
    installing.catch(() => {
      for (const key of keys) runtimes.delete(key)
    })
    return installing
  }
  /** Two that want the same runtime at once share one download and one compilation. */
  const runtime = (name: string, version: string | null, memory: number): Promise<Program> => {
    const key = `${name}#${memory}`
    const known = runtimes.get(key)
    if (known) return known
    const loading = fetchRuntime(name, version, memory)
    runtimes.set(key, loading)
    loading.catch(() => {
      if (runtimes.get(key) === loading) runtimes.delete(key)
    })
    return loading
  }
  const fromFile = async (path: string, memory: number): Promise<Program> => {
    const { inode, mtime, size } = statProgram(files, path)
    const key = `file:${inode}:${mtime}:${size}#${memory}`
    const before = compiled.get(path)
    if (before?.key !== key) {
      if (before) await jail.forget(before.key)
      const done = compile(key, files.readFile(path).slice(), memory)
      compiled.set(path, { key, done })
      done.catch(() => compiled.delete(path))
    }
    try {
      await compiled.get(path)?.done
    } catch (error) {
      throw named(error, path)
    }
    return { key, kind: 'wasi', runtime: 'wasm', env: {}, startsInPwd: false }
  }

  return {
    ensureRuntime: async (name, version, memory) => void (await runtime(name, version, memory)),
    resolve: async ({ command, cwd, env }, memory) => {
      if (command.includes('/') || command.endsWith('.wasm')) return fromFile(absolute(command, cwd), memory)
      if (runtimes.has(`${command}#${memory}`)) return runtime(command, null, memory)
      for (const folder of (env.PATH ?? DEFAULT_PATH).split(':')) {
        const path = `${absolute(folder, cwd)}/${command}`
        if (files.exists(path) && files.stat(path).kind === KIND.FILE) return fromFile(path, memory)
      }
      try {
        return await runtime(command, null, memory)
      } catch (error) {
        if (isCode(error, 'ENOENT')) throw new SysError(ERRNO.NOENT, command, 'command not found')
        throw error
      }
    },
  }
}

export const absolute = (path: string, cwd: string): string =>
  path.startsWith('/') ? path : `${cwd}/${path}`

const statProgram = (files: Files, path: string): ReturnType<Files['stat']> => {
  const stat = files.stat(path)
  if (stat.kind === KIND.DIRECTORY) throw new SysError(ERRNO.ACCES, path, 'is a directory, not a program')
  if (stat.size === 0) throw new SysError(ERRNO.NOEXEC, path, 'the file is empty')
  return stat
}

const named = (error: unknown, path: string): unknown =>
  error instanceof SysError && error.subject === '' ? new SysError(error.errno, path, detailOf(error)) : error

const detailOf = (error: SysError): string => error.message.replace(/^E\w+: /, '')
