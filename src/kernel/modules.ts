/**
 * Modules by what they are: one compilation in the jail per SHA-256 and memory limit, however many files hold those bytes.
 *
 *   path ─► inode and its change count ─► SHA-256 ─► module
 *             known from the last time      else computed from the bytes, 1 MiB at a time
 *
 * The change count goes up with every write and cannot be set back by anybody, which times can (utimes).
 *
 * Invariant: what is compiled under a digest are the very bytes that were digested.
 */
import type { JailApi } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { limitText } from '../abi/limits.ts'
import type { Remote } from '../ipc/rpc.ts'
import { moving } from '../ipc/rpc.ts'
import { createSha256 } from '../lib/sha256.ts'
import { PAGE_BYTES } from '../memory/layout.ts'
import type { Files } from '../vfs/types.ts'
import { createCompiled } from './compiled.ts'
import { type ImportedMemory, importedMemory, importsFrom, limitMemory } from './wasm-memory.ts'

/** Hashed between two looks at what else there is to do: about ten milliseconds. A multiple of 64. */
const PIECE_BYTES = 2 ** 20
/** Files whose digest is remembered. */
const MOST_DIGESTS = 256

export interface Module {
  /** Of the compiled module in the jail. */
  key: string
  /** How it is driven: whether it has imports of the machine's own. */
  kind: 'wasi' | 'wasmrun'
  /** The memory that its threads share, when the module imports one. */
  guest: ImportedMemory | null
}

export interface Modules {
  /** The module of a file that has not changed since it was last loaded, if it is still there. */
  known(path: string, memory: number): Promise<Module> | undefined
  load(path: string, memory: number): Promise<Module>
  /** A runtime's, which stays. `digest` was checked by the host; `kind` is how it is driven. */
  keep(kind: string, digest: string, wasm: Uint8Array<ArrayBuffer>, memory: number): Promise<Module>
}

export const createModules = (files: Files, jail: Remote<JailApi>): Modules => {
  // A refusal to forget comes only from a jail that is gone, and then everything is.
  const compiled = createCompiled<Module>((key) => void jail.forget(key).catch(() => {}))
  /** By inode and change count; the oldest first. */
  const digests = new Map<string, string>()
  /** On their way, so that two who want a new file at once read it once. */
  const loading = new Map<string, Promise<Module>>()
  const kept = new Map<string, Promise<Module>>()

  const remember = (version: string, digest: string): void => {
    digests.set(version, digest)
    for (const oldest of digests.keys()) if (digests.size > MOST_DIGESTS) digests.delete(oldest)
  }
  const compile = async (key: string, wasm: Uint8Array<ArrayBuffer>, memory: number): Promise<Module> => {
    const { bytes, minimum: own, refusal } = limitMemory(wasm, memory)
    if (refusal !== '') throw new SysError(ERRNO.NOTSUP, '', refusal)
    const guest = importedMemory(wasm, memory)
    const minimum = Math.max(own, (guest?.initial ?? 0) * PAGE_BYTES)
    if (minimum > memory) {
      const [asks, limit] = [limitText('memory', minimum), limitText('memory', memory)]
      throw new SysError(
        ERRNO.NOMEM,
        '',
        `it asks for ${asks} at its start, and the limit is ${limit} of memory`,
      )
    }
    await jail.compile(key, moving(bytes.buffer, [bytes.buffer]))
    return { key, kind: importsFrom(wasm, 'wasmrun') ? 'wasmrun' : 'wasi', guest }
  }
  const loadVersion = async (path: string, version: string, memory: number): Promise<Module> => {
    const bytes = files.readFile(path).slice()
    // Written to while it was read: these bytes are of no version.
    const isWhole = files.version(path) === version
    const digest = await digestOf(bytes)
    if (isWhole) remember(version, digest)
    const key = `sha256:${digest}#${memory}`
    return compiled.ensure(key, bytes.length, () => compile(key, bytes, memory))
  }
  return {
    known: (path, memory) => {
      const digest = digests.get(files.version(path))
      return digest === undefined ? undefined : compiled.get(`sha256:${digest}#${memory}`)
    },
    load: (path, memory) => {
      const version = files.version(path)
      const job = `${version}#${memory}`
      const known = loading.get(job)
      if (known) return known
      const module = loadVersion(path, version, memory).finally(() => loading.delete(job))
      loading.set(job, module)
      return module
    },
    keep: (kind, digest, wasm, memory) => {
      const key = `${kind}:${digest}#${memory}`
      const known = kept.get(key)
      if (known) return known
      const module = compile(key, wasm, memory)
      kept.set(key, module)
      module.catch(() => kept.delete(key))
      return module
    },
  }
}

const digestOf = async (bytes: Uint8Array): Promise<string> => {
  const hash = createSha256()
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (at > 0) await nextTask()
    hash.add(bytes.subarray(at, at + PIECE_BYTES))
  }
  return hash.finish()
}

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
