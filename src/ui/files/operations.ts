/** What the user does with files in the tree: new, rename, delete, upload, download. Each says in words why it did not work. */
import type { FileSystem } from '../../sdk/types.ts'
import { baseName, codeOf, messageOf, plural } from '../format.ts'
import type { NoticeStore } from '../stores/notice-store.ts'
import type { Files } from './files.ts'
import { joinPath, parentPath } from './tree.ts'

/** Bytes of a name that the machine takes (NAME_MAX). */
const NAME_MAX = 255

/** What is wrong with a name, as a sentence, or ''. */
export const nameProblem = (name: string, taken: readonly string[] = []): string => {
  if (name === '') return 'A name is needed.'
  if (name === '.' || name === '..') return `“${name}” means a folder already.`
  if (name.includes('/') || name.includes('\0')) return 'A name has no slash in it.'
  if (new TextEncoder().encode(name).length > NAME_MAX) return `A name has at most ${NAME_MAX} bytes.`
  return taken.includes(name) ? `${name} is there already.` : ''
}

export interface Operations {
  /** True when it was made. */
  create(folder: string, name: string, kind: 'file' | 'directory'): Promise<boolean>
  rename(path: string, name: string): Promise<boolean>
  remove(path: string): Promise<boolean>
  upload(folder: string, list: readonly File[]): Promise<void>
  /** A file as it is, a folder as a .zip. */
  download(path: string, kind: string, name?: string): Promise<void>
}

export interface OperationParts {
  fs: FileSystem
  files: Files
  notices: NoticeStore
  /** Hands bytes to the browser's downloads. */
  give(name: string, bytes: Uint8Array): void
}

interface Upload {
  readonly file: File
  readonly path: string
}

/** Names of files that are spelled out in a question. */
const NAMES_SHOWN = 5

/** 'a/list.txt' and 2 make 'a/list 2.txt'. */
export const numbered = (path: string, number: number): string => {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  return joinPath(parentPath(path), `${stem} ${number}${extension}`)
}

const exists = (fs: FileSystem, path: string): Promise<boolean> =>
  fs.lstat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )

export const createOperations = ({ fs, files, notices, give }: OperationParts): Operations => {
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      notices.apply({ type: 'toast', kind: 'fault', text: `${what}: ${messageOf(error)}` })
      return false
    }
  }
  const refuseTaken = async (path: string): Promise<void> => {
    if (await exists(fs, path)) throw new Error(`${baseName(path)} is there already.`)
  }
  /** Writes each where `place` says; null: not now. */
  const put = async (
    folder: string,
    uploads: readonly Upload[],
    place: (upload: Upload) => Promise<string | null>,
  ): Promise<void> => {
    let done = 0
    await attempt('The upload broke off', async () => {
      for (const upload of uploads) {
        const path = await place(upload)
        if (path === null) continue
        await fs.mkdir(parentPath(path), { recursive: true })
        await fs.writeFile(path, new Uint8Array(await upload.file.arrayBuffer()))
        files.touch([path])
        done++
      }
    })
    await files.openFolder(folder)
    const text = `${plural(done, 'file')} put into ${baseName(folder)}.`
    if (done > 0) notices.apply({ type: 'toast', kind: 'live', text })
  }
  const freePath = async (path: string): Promise<string> => {
    for (let number = 2; ; number++) {
      const other = numbered(path, number)
      if (!(await exists(fs, other))) return other
    }
  }
  /** What is there already is not written over unless the user says so. */
  const askTaken = (folder: string, taken: readonly Upload[]): void => {
    const names = taken.map(({ path }) => path.slice(folder.length + 1))
    const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''
    notices.apply({
      type: 'card',
      card: {
        title:
          names.length === 1 ? `${names[0]} is there already` : `${names.length} files are there already`,
        facts: [
          { name: 'Files', text: names.slice(0, NAMES_SHOWN).join(', ') + more },
          { name: 'Next', text: 'Keep both, and the new one gets a number; or replace what is there.' },
        ],
        actions: [
          {
            label: 'Keep both',
            primary: true,
            run: () => void put(folder, taken, ({ path }) => freePath(path)),
          },
          { label: 'Replace', run: () => void put(folder, taken, async ({ path }) => path) },
        ],
        detail: '',
      },
    })
  }
  return {
    create: (folder, name, kind) =>
      attempt(`${name} was not made`, async () => {
        const path = joinPath(folder, name)
        await refuseTaken(path)
        if (kind === 'directory') await fs.mkdir(path)
        else await fs.writeFile(path, '')
        files.touch([path])
        await files.openFolder(folder)
        if (kind === 'file') await files.show(path)
      }),
    rename: (path, name) =>
      attempt(`${baseName(path)} was not renamed`, async () => {
        const to = joinPath(parentPath(path), name)
        if (to === path) return
        await refuseTaken(to)
        await files.documents.saveAll()
        await fs.rename(path, to)
        files.moved(path, to)
        files.touch([path, to])
      }),
    remove: (path) =>
      attempt(`${baseName(path)} was not deleted`, async () => {
        await fs.rm(path, { recursive: true })
        files.removed(path)
        files.touch([path])
      }),
    async upload(folder, list) {
      const wanted = list.map((file) => ({
        file,
        path: joinPath(folder, file.webkitRelativePath || file.name),
      }))
      const taken: Upload[] = []
      await put(folder, wanted, async (upload) => {
        if (!(await exists(fs, upload.path))) return upload.path
        taken.push(upload)
        return null
      })
      if (taken.length > 0) askTaken(folder, taken)
    },
    async download(path, kind, name = baseName(path)) {
      await attempt(`${baseName(path)} could not be handed over`, async () => {
        if (kind !== 'directory') return give(name, await fs.readFile(path))
        const { zipFolder } = await import('./zip-folder.ts')
        give(`${name}.zip`, await zipFolder(fs, path))
      })
    },
  }
}
