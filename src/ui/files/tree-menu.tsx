/** What can be done with an entry of the tree, and the question before something is deleted. */

import { baseName } from '../format.ts'
import { Dialog } from '../frame/dialog.tsx'
import { Menu, type MenuItem } from '../frame/menu.tsx'
import { useUi } from '../ui.ts'
import { parentPath } from './tree.ts'

export interface TreeSpot {
  readonly path: string
  readonly kind: string
  readonly x: number
  readonly y: number
}

export interface TreeMenuProps {
  spot: TreeSpot
  close(): void
  ask(spot: { path: string; kind: string }): void
}

export const TreeMenu = ({ spot, close, ask }: TreeMenuProps) => {
  const { files, operations, stores } = useUi()
  const { path, kind } = spot
  const isRoot = path === files.root.value
  const folder = kind === 'directory' ? path : parentPath(path)
  const make = (what: 'file' | 'directory') => (): void => {
    void files.openFolder(folder).then(() => {
      files.naming.value = { kind: what, folder, path: null }
    })
  }
  const upload = (): void => {
    files.uploadTo.value = folder
    document.getElementById('upload-input')?.click()
  }
  const whole = stores.project.project.value?.name
  const items: (MenuItem | null)[] = [
    { words: 'New file…', act: make('file') },
    { words: 'New folder…', act: make('directory') },
    { words: 'Upload files…', act: upload },
    null,
    {
      words: kind === 'directory' ? 'Download as .zip' : 'Download',
      act: () => void operations.download(path, kind, isRoot ? whole : undefined),
    },
    { words: 'Copy path', act: () => void navigator.clipboard?.writeText(path).catch(() => undefined) },
  ]
  if (!isRoot)
    items.push(
      null,
      {
        words: 'Rename…',
        keys: 'F2',
        act: () => {
          files.naming.value = { kind: kind === 'directory' ? kind : 'file', folder, path }
        },
      },
      { words: 'Delete…', keys: 'Del', danger: true, act: () => ask(spot) },
    )
  return (
    <Menu label={isRoot ? 'The project' : baseName(path)} x={spot.x} y={spot.y} items={items} close={close} />
  )
}

export const DeleteDialog = ({ path, kind, close }: { path: string; kind: string; close(): void }) => {
  const { operations, disk } = useUi()
  const { state, readonly, folder } = disk.status.value
  const name = baseName(path)
  return (
    <Dialog
      title={`Delete ${name}?`}
      close={close}
      footer={
        <>
          <button type="button" class="btn" data-safe onClick={close}>
            Keep it
          </button>
          <button
            type="button"
            class="btn danger"
            data-testid="delete-yes"
            onClick={() => {
              close()
              void operations.remove(path)
            }}
          >
            Delete {kind === 'directory' ? 'the folder' : 'the file'}
          </button>
        </>
      }
    >
      <p>
        {kind === 'directory' ? 'The folder and everything in it are' : 'It is'} gone from this machine at
        once; there is no bin.
        {state !== 'off' && !readonly ? ` It is in step: ${folder} on your disk loses it too.` : ''}
      </p>
    </Dialog>
  )
}
