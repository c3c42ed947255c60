/**
 * From a command to a compiled module and the way it starts.
 *
 *   './main.wasm'   contains '/' or ends in .wasm: a file, relative to cwd
 *   './tool.py'     begins with "#!": the program that it names, with the script as its argument
 *   'python3'       a runtime the machine has; else a program in PATH; else a runtime the host can fetch
 *
 * Invariant: bytes are compiled before any worker is taken, so what is no module at all is refused by its path. Whether the
 * machine offers what a module imports is for the process to say (src/process/module.ts).
 */
import type {
  HostForKernel,
  JailApi,
  Preopen,
  ProcessKind,
  RuntimeBundle,
  SpawnRequest,
} from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import type { Remote } from '../ipc/rpc.ts'
import { type Files, KIND } from '../vfs/types.ts'
import { createModules } from './modules.ts'
import { createMounts } from './mounts.ts'
import { type Interpreter, parseShebang, SHEBANG_BYTES } from './shebang.ts'
import type { ImportedMemory } from './wasm-memory.ts'

export interface Program {
  /** Key of the compiled module in the jail. */
  key: string
  kind: ProcessKind
  /** For the process table: 'python 3.12.0', 'wasm'. */
  runtime: string
  env: Record<string, string>
  startsInPwd: boolean
  /** The memory that its threads share, when the module imports one. */
  guest: ImportedMemory | null
  /** Trees of its runtime that lie elsewhere than it looks for them. */
  trees?: Preopen[]
  /** A script's interpreter with its argument and the script's path: what stands in the place of argv[0]. */
  words?: string[]
}

export interface Programs {
  /** `memory` is the process's limit, in bytes. */
  resolve(request: Pick<SpawnRequest, 'command' | 'cwd' | 'env'>, memory: number): Promise<Program>
  ensureRuntime(name: string, version: string | null, memory: number): Promise<void>
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'
/** As on Linux. */
const SCRIPT_DEPTH = 4
/** No script is larger; a module is not read twice to look at its first bytes. */
const SCRIPT_BYTES = 4 * 1024 * 1024
/** A worker with its first run behind it, beside the one that is bound. */
const WARM_WORKERS = 1

export const createPrograms = (
  files: Files,
  jail: Remote<JailApi>,
  host: Remote<HostForKernel>,
): Programs => {
  /** By name, version and memory limit: the limit is written into the module before it is compiled. */
  const runtimes = new Map<string, Promise<Program>>()
  /** The same, from the moment that the bytes are there. */
  const installs = new Map<string, Promise<Program>>()
  /** A runtime's key and commands, by each of them. */
  const aliases = new Map<string, string[]>()
  /** The version that was asked for last: what a command means while several are there. */
  const chosen = new Map<string, string>()
  const mounts = createMounts(files)
  const modules = createModules(files, jail)
  const install = async (bundle: RuntimeBundle, memory: number): Promise<Program> => {
    const { name, version, recipe } = bundle
    const trees = recipe.mounts.flatMap(({ file, path }) => {
      const tree = bundle.files[file]
      if (!tree) throw new SysError(ERRNO.NOENT, file, `the runtime ${name} lacks a file that it mounts`)
      return mounts.add(`${name}@${version}`, path, new Uint8Array(tree)) ?? []
    })
    const { kind, env, startsInPwd } = recipe
    const { key } = await modules.keep(kind, bundle.sha256, new Uint8Array(bundle.wasm), memory)
    if (recipe.warm) {
      const warm = { kind, args: recipe.warm, env }
      // A start without a warm worker is slower, not wrong.
      jail.keepWarm(key, warm, WARM_WORKERS).catch(() => {})
    }
    return { key, kind, runtime: `${name} ${version}`, env, startsInPwd, guest: null, trees }
  }
  const keyOf = (name: string, version: string | null, memory: number): string =>
    `${name}@${version ?? ''}#${memory}`
  const choose = (name: string, version: string): void => {
    for (const alias of aliases.get(name) ?? [name]) chosen.set(alias, version)
  }
  const fetchRuntime = async (name: string, version: string | null, memory: number): Promise<Program> => {
    const bundle = await host.load(name, version)
    const names = [bundle.name, ...bundle.recipe.commands]
    for (const alias of names) aliases.set(alias, names)
    if (version !== null) choose(name, bundle.version)
    // Not from `runtimes`: there this very call may stand under the same key, and would wait for itself.
    const own = keyOf(bundle.name, bundle.version, memory)
    const installing = installs.get(own) ?? install(bundle, memory)
    installs.set(own, installing)
    const keys = names.flatMap((each) => [version, bundle.version].map((one) => keyOf(each, one, memory)))
    for (const key of keys) runtimes.set(key, installing)
    installing.catch(() => {
      installs.delete(own)
      for (const key of keys) runtimes.delete(key)
    })
    return installing
  }
  /** Two that want the same runtime at once share one download and one compilation. */
  const runtime = (name: string, asked: string | null, memory: number): Promise<Program> => {
    const version = asked ?? chosen.get(name) ?? null
    const key = keyOf(name, version, memory)
    const known = runtimes.get(key)
    if (known && asked !== null) choose(name, asked)
    if (known) return known
    const loading = fetchRuntime(name, version, memory)
    runtimes.set(key, loading)
    loading.catch(() => {
      if (runtimes.get(key) === loading) runtimes.delete(key)
    })
    return loading
  }
  const fromFile = async (wanted: Wanted, path: string): Promise<Program> => {
    const { memory } = wanted
    const { size } = statProgram(files, path)
    const known = modules.known(path, memory)
    const script = known ? undefined : parseShebang(headOf(files, path, size))
    if (script === null) throw new SysError(ERRNO.NOEXEC, path, 'its first line names no interpreter')
    if (script) return fromScript(wanted, path, script)
    try {
      const { key, guest, kind } = await (known ?? modules.load(path, memory))
      return { key, kind, runtime: 'wasm', env: {}, startsInPwd: false, guest }
    } catch (error) {
      throw named(error, path)
    }
  }

  const fromScript = async (
    wanted: Wanted,
    path: string,
    { command, args }: Interpreter,
  ): Promise<Program> => {
    if (wanted.depth >= SCRIPT_DEPTH)
      throw new SysError(ERRNO.LOOP, path, 'a script whose interpreter is a script, and so on')
    // Runtimes are no files: "/usr/bin/python3" means the one of that name.
    const isThere = !command.includes('/') || files.exists(absolute(command, wanted.cwd))
    const name = isThere ? command : (command.split('/').at(-1) ?? command)
    const program = await find({ ...wanted, command: name, depth: wanted.depth + 1 }).catch(
      (error: unknown) => {
        if (isCode(error, 'ENOENT'))
          throw new SysError(ERRNO.NOENT, command, `no such interpreter for ${path}`)
        throw error
      },
    )
    const script = wanted.command.includes('/') ? wanted.command : path
    return { ...program, words: [...(program.words ?? [command]), ...args, script] }
  }
  const find = async (wanted: Wanted): Promise<Program> => {
    const { command, cwd, env, memory } = wanted
    if (command.includes('/') || command.endsWith('.wasm')) return fromFile(wanted, absolute(command, cwd))
    if (runtimes.has(keyOf(command, chosen.get(command) ?? null, memory)))
      return runtime(command, null, memory)
    for (const folder of (env.PATH ?? DEFAULT_PATH).split(':')) {
      // An empty one is the working directory (POSIX, PATH).
      const path = `${absolute(folder || '.', cwd)}/${command}`
      if (files.exists(path) && files.stat(path).kind === KIND.FILE) return fromFile(wanted, path)
    }
    try {
      return await runtime(command, null, memory)
    } catch (error) {
      if (isCode(error, 'ENOENT')) throw new SysError(ERRNO.NOENT, command, 'command not found')
      throw error
    }
  }

  return {
    ensureRuntime: async (name, version, memory) => void (await runtime(name, version, memory)),
    resolve: ({ command, cwd, env }, memory) => find({ command, cwd, env, memory, depth: 0 }),
  }
}

/** What `resolve` looks for; `depth` is the number of scripts it has come through. */
interface Wanted extends Pick<SpawnRequest, 'command' | 'cwd' | 'env'> {
  memory: number
  depth: number
}

const headOf = (files: Files, path: string, size: number): Uint8Array =>
  size > SCRIPT_BYTES ? NOTHING : files.readFile(path).slice(0, SHEBANG_BYTES)

const NOTHING = new Uint8Array(0)

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
