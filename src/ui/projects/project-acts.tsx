/** The two questions about a kept project: its new name, and whether it may go. */
import { useSignal } from '@preact/signals'
import type { ProjectInfo } from '../../abi/project.ts'
import { formatBytes, plural } from '../format.ts'
import { Dialog } from '../frame/dialog.tsx'
import { useUi } from '../ui.ts'

interface ActProps {
  project: ProjectInfo
  close(): void
}

export const RenameProject = ({ project, close }: ActProps) => {
  const { kept } = useUi()
  const name = useSignal(project.name)
  const take = (): void => {
    const wanted = name.value.trim()
    if (wanted === '') return
    close()
    if (wanted !== project.name) void kept.rename(project.id, wanted)
  }
  return (
    <Dialog
      title={`Rename ${project.name}`}
      close={close}
      footer={
        <>
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
          <button type="button" class="btn go" onClick={take} aria-disabled={name.value.trim() === ''}>
            Rename
          </button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          take()
        }}
      >
        <label class="field">
          <span>Name</span>
          <input
            class="grow"
            data-safe
            data-testid="project-name"
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value
            }}
          />
        </label>
      </form>
    </Dialog>
  )
}

export const DeleteProject = ({ project, close }: ActProps) => {
  const { kept } = useUi()
  return (
    <Dialog
      title={`Delete ${project.name}?`}
      close={close}
      footer={
        <>
          <button type="button" class="btn" data-safe onClick={close}>
            Keep it
          </button>
          <button
            type="button"
            class="btn danger"
            data-testid="delete-project-yes"
            onClick={() => {
              close()
              void kept.remove(project.id)
            }}
          >
            Delete the project
          </button>
        </>
      }
    >
      <p>
        {plural(project.entries, 'entry', 'entries')}, {formatBytes(project.bytes)} in this browser's storage
        are gone at once. A folder that it came from stays as it is.
      </p>
    </Dialog>
  )
}
