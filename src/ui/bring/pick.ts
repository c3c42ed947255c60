/** The ways in: picker, input, drop, example. Each becomes a request; what the user cancels becomes nothing. */

import type { DropItem } from '../../project/drop.ts'
import type { Example } from '../start/gallery.ts'
import type { Ui } from '../ui.ts'
import { takeDropItems } from './drop-items.ts'

export const hasFolderPicker = (): boolean => 'showDirectoryPicker' in window

/** Asks for a folder to read. It may be written only when the user says so, on the open project. Gives false where the browser has no picker: then the input does it. */
export const pickFolder = async ({ bring, stores }: Ui): Promise<boolean> => {
  if (!hasFolderPicker()) return false
  try {
    const handle = await window.showDirectoryPicker({ id: 'project', mode: 'read' })
    void bring.open({
      name: handle.name,
      kind: 'folder',
      open: ({ sourceFromHandle }) => sourceFromHandle(handle),
      handle: async () => handle,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return true
    stores.notices.apply({
      type: 'toast',
      kind: 'fault',
      text: 'The browser did not open the folder. Choose one that holds no system files, or drop it on the page.',
    })
  }
  return true
}

export const openFolderFiles = ({ bring }: Ui, list: FileList): void => {
  const files = Array.from(list)
  const name = files[0]?.webkitRelativePath.split('/')[0] ?? 'folder'
  if (files.length > 0)
    void bring.open({
      name,
      kind: 'folder',
      open: ({ sourceFromFileList }) => sourceFromFileList(files, name),
    })
}

/** A .zip, or a single program. */
export const openFiles = ({ bring }: Ui, list: FileList): void => {
  const files = Array.from(list)
  const first = files[0]
  if (!first) return
  const kind = /\.zip$/i.test(first.name) && files.length === 1 ? 'zip' : 'files'
  void bring.open({
    name: first.name,
    kind,
    open: ({ sourceFromFiles }, unzip) => sourceFromFiles(files, unzip),
  })
}

/** Call it inside the drop's event handler. */
export const openDrop = ({ bring }: Ui, data: DataTransfer): void => {
  const items = takeDropItems(data.items)
  const names = Array.from(data.files, (file) => file.name)
  const isZip = names.length === 1 && /\.zip$/i.test(names[0] ?? '')
  void bring.open({
    name: names[0] ?? 'what was dropped',
    kind: isZip ? 'zip' : 'folder',
    open: async ({ sourceFromDrop }, unzip) => (await sourceFromDrop(items, unzip)).source,
    handle: () => folderOf(items),
  })
}

/** The one folder that was dropped, if it was one. Where the browser has no picker a handle cannot be written either. */
const folderOf = async (items: readonly DropItem[]): Promise<FileSystemDirectoryHandle | null> => {
  if (items.length !== 1 || !hasFolderPicker()) return null
  const handle = await items[0]?.getAsFileSystemHandle?.().catch(() => null)
  return handle instanceof FileSystemDirectoryHandle ? handle : null
}

export const openExample = ({ bring, gallery }: Ui, example: Example): void => {
  void bring.open({
    name: example.title,
    kind: 'example',
    show: example.open,
    open: async ({ openArchive }, unzip) => {
      const zip = await gallery.fetchZip(example, AbortSignal.timeout(60_000))
      return openArchive(example.zip, new Uint8Array(await zip.arrayBuffer()), unzip)
    },
  })
}
