/** A filesystem of plain files for tests of the page: paths and bytes, folders as far as paths name them. */
import { ERRNO, SysError } from '../../abi/errno.ts'
import type { FileSystem } from '../../sdk/types.ts'

export interface FakeFs {
  readonly fs: FileSystem
  text(path: string): string | undefined
  set(path: string, text: string | null): void
  /** Names of the files there are. */
  paths(): string[]
}

export const createFakeFs = (given: Record<string, string> = {}): FakeFs => {
  const encoder = new TextEncoder()
  const files = new Map(Object.entries(given).map(([path, text]) => [path, encoder.encode(text)]))
  const isFolder = (path: string): boolean => [...files.keys()].some((each) => each.startsWith(`${path}/`))
  const find = (path: string): Uint8Array => {
    const bytes = files.get(path)
    if (bytes) return bytes
    throw new SysError(isFolder(path) ? ERRNO.ISDIR : ERRNO.NOENT, path)
  }
  const stat = async (path: string): Promise<{ kind: string; size: number }> =>
    isFolder(path) ? { kind: 'directory', size: 0 } : { kind: 'file', size: find(path).length }
  const fs = {
    readFile: async (path: string) => find(path),
    writeFile: async (path: string, data: string | Uint8Array) => {
      if (isFolder(path)) throw new SysError(ERRNO.ISDIR, path)
      files.set(path, typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data))
    },
    mkdir: async () => {},
    stat,
    lstat: stat,
    readdir: async (folder: string) => {
      const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`))
      const names = new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))
      return [...names].map((name) => ({ name, kind: files.has(`${folder}/${name}`) ? 'file' : 'directory' }))
    },
    watch: () => () => {},
  }
  return {
    // only what the tests call is there
    fs: fs as unknown as FileSystem,
    text: (path) => (files.has(path) ? new TextDecoder().decode(files.get(path)) : undefined),
    set: (path, text) => void (text === null ? files.delete(path) : files.set(path, encoder.encode(text))),
    paths: () => [...files.keys()],
  }
}
