/** Folders of the disk: a handle of the File System Access API, or the list that `<input webkitdirectory>` gives. */

import { sourceFromEntries } from './flat.ts'
import {
  type FileLike,
  fileNode,
  type Source,
  type SourceFile,
  type SourceFolder,
  type SourceNode,
} from './source.ts'

/** What a handle of the platform has, as far as it is needed here. */
export interface HandleLike {
  readonly kind: 'file' | 'directory'
  readonly name: string
}

export interface FileHandleLike extends HandleLike {
  readonly kind: 'file'
  getFile(): Promise<FileLike>
}

export interface FolderHandleLike extends HandleLike {
  readonly kind: 'directory'
  values(): AsyncIterable<HandleLike>
}

/** A folder that the user has picked or dropped. Nothing is listed yet. */
export function sourceFromHandle(handle: FolderHandleLike): Source {
  return { name: handle.name, root: folderFromHandle(handle), leftOut: [] }
}

/** One handle as a node, for drops of several things at once. */
export function nodeFromHandle(handle: HandleLike): SourceFile | SourceFolder {
  // the platform's types give a bare handle, and kind says which of the two it is
  if (handle.kind === 'directory') return folderFromHandle(handle as FolderHandleLike)
  return fileFromHandle(handle as FileHandleLike)
}

function folderFromHandle(handle: FolderHandleLike): SourceFolder {
  return {
    kind: 'directory',
    name: handle.name,
    async *list(): AsyncGenerator<SourceNode> {
      for await (const child of handle.values()) yield nodeFromHandle(child)
    },
  }
}

function fileFromHandle(handle: FileHandleLike): SourceFile {
  let known: FileLike | undefined
  return {
    kind: 'file',
    name: handle.name,
    async stat() {
      known = await handle.getFile()
      return fileNode(known).stat()
    },
    async read() {
      if (known !== undefined) {
        const bytes = await fileNode(known)
          .read()
          .catch(() => undefined)
        if (bytes !== undefined) return bytes
      }
      // a File is a snapshot: it can no longer be read once the file has been saved again
      return fileNode(await handle.getFile()).read()
    },
  }
}

/**
 * What `<input webkitdirectory>` gives: files only, each with its path from the picked folder's name on. Files without such
 * a path (an ordinary `<input type=file>`) stand in the root.
 */
export function sourceFromFileList(files: Iterable<FileLike>, name = 'files'): Source {
  const list = [...files]
  const paths = list.map((file) => file.webkitRelativePath || file.name)
  const top = paths[0]?.split('/')[0] ?? ''
  const nested = paths.length > 0 && paths.every((path) => path.startsWith(`${top}/`))
  return sourceFromEntries(
    nested ? top : name,
    list.map((file, index) => {
      const path = paths[index] ?? file.name
      return { path: nested ? path.slice(top.length + 1) : path, node: fileNode(file) }
    }),
  )
}
