/** `wasmrun.fs`: the kernel's file calls with the names and shapes that users of Node know. */
import type { KernelApi } from '../abi/control.ts'
import type { Remote } from '../ipc/rpc.ts'
import type { Dirent, FileSystem } from './types.ts'

export const createFileSystem = (
  kernel: () => Promise<Remote<KernelApi>>,
  watch: FileSystem['watch'],
): FileSystem => {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const readFile = async (path: string, encoding?: 'utf8'): Promise<Uint8Array | string> => {
    const bytes = await (await kernel()).readFile(path)
    return encoding === 'utf8' ? decoder.decode(bytes) : bytes
  }
  const readdir = async (path: string, { stat = false } = {}): Promise<Dirent[]> =>
    (await kernel()).readdir(path, stat)
  return {
    readFile: readFile as FileSystem['readFile'],
    writeFile: async (path, data, { mode = 0o644, append = false } = {}) =>
      (await kernel()).writeFile(path, typeof data === 'string' ? encoder.encode(data) : data, mode, append),
    mkdir: async (path, { recursive = false, mode = 0o755 } = {}) =>
      (await kernel()).mkdir(path, recursive, mode),
    rm: async (path, { recursive = false, force = false } = {}) =>
      (await kernel()).rm(path, recursive, force),
    readdir: readdir as FileSystem['readdir'],
    stat: async (path) => (await kernel()).stat(path, true),
    lstat: async (path) => (await kernel()).stat(path, false),
    rename: async (from, to) => (await kernel()).rename(from, to),
    symlink: async (target, path) => (await kernel()).symlink(target, path),
    readlink: async (path) => (await kernel()).readlink(path),
    watch,
  }
}
