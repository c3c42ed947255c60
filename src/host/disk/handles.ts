/**
 * What disk sync uses of the File System API (https://fs.spec.whatwg.org and WICG file-system-access), and what its refusals mean.
 * The platform's own handles fit these shapes; so does the fake of the tests.
 */
import type { FileLike } from '../../project/source.ts'

export interface DiskFile {
  readonly kind: 'file'
  readonly name: string
  getFile(): Promise<FileLike>
  createWritable(options?: { keepExistingData?: boolean }): Promise<DiskWriter>
}

export interface DiskWriter {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** Until then the file is what it was: the new bytes are swapped in at once. */
  close(): Promise<void>
  abort(): Promise<void>
}

export interface DiskFolder {
  readonly kind: 'directory'
  readonly name: string
  values(): AsyncIterable<DiskFile | DiskFolder>
  getFileHandle(name: string, options?: { create?: boolean }): Promise<DiskFile>
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<DiskFolder>
  /** Never asked to remove what is in a folder. */
  removeEntry(name: string): Promise<void>
  queryPermission?(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>
}

/**
 * missing, other-kind: not what the caller thought. permission: the browser has closed the folder. name: the disk or the browser
 * does not take it. full, locked, failed: the disk's own trouble.
 */
export type Trouble =
  | 'missing'
  | 'other-kind'
  | 'not-empty'
  | 'permission'
  | 'name'
  | 'full'
  | 'locked'
  | 'unstable'
  | 'failed'

const TROUBLES: Record<string, Trouble> = {
  NotFoundError: 'missing',
  TypeMismatchError: 'other-kind',
  InvalidModificationError: 'not-empty',
  NotAllowedError: 'permission',
  SecurityError: 'permission',
  TypeError: 'name',
  QuotaExceededError: 'full',
  NoModificationAllowedError: 'locked',
  // A File of before the last save can no longer be read.
  NotReadableError: 'unstable',
  InvalidStateError: 'unstable',
}

export const troubleOf = (error: unknown): Trouble =>
  (error instanceof Error && TROUBLES[error.name]) || 'failed'

export type LossOfFolder = 'permission' | 'missing' | 'empty'

const LOSSES: Record<LossOfFolder, string> = {
  permission: 'The browser has closed the folder',
  missing: 'The folder was renamed, moved or removed',
  empty: 'The folder is empty now',
}

/** The folder as a whole cannot be used; ends a round. */
export class FolderLost extends Error {
  override readonly name = 'FolderLost'
  readonly loss: LossOfFolder
  constructor(loss: LossOfFolder) {
    super(LOSSES[loss])
    this.loss = loss
  }
}

const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[<>:"|?*\\\u0000-\u001f\u007f]/

/** Why a disk may not take a name, as the end of a sentence. */
export const describeRefusedName = (path: string): string => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const character = FORBIDDEN.exec(name)?.[0]
  if (character !== undefined) return `no disk of Windows takes ${JSON.stringify(character)} in a name`
  if (RESERVED.test(name)) return `${name} is a device's name on Windows`
  if (/[. ]$/.test(name)) return 'Windows takes no name that ends in a dot or a space'
  return 'the browser does not write files of such a name'
}
