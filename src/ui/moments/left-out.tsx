/** What of a project was not loaded, with the reason for each. */

import { hasFolderPicker } from '../bring/pick.ts'
import { formatBytes, formatCount, plural } from '../format.ts'
import { Dialog } from '../frame/dialog.tsx'
import type { LeftOut } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'

/** Entries written out; a folder of ignored data can have tens of thousands. */
const LISTED_MAX = 500

export const LeftOutDialog = ({ entries, close }: { entries: readonly LeftOut[]; close(): void }) => {
  const { bring, stores } = useUi()
  const isFolder = stores.project.project.value?.kind === 'folder'
  const over = bring.plan.value?.over
  return (
    <Dialog
      title={`${plural(entries.length, 'entry', 'entries')} left out`}
      close={close}
      footer={
        <>
          {over ? (
            <button
              type="button"
              class="btn"
              onClick={() => {
                close()
                bring.raise()
              }}
            >
              Raise the limits, load {formatBytes(over.found.bytes)}
            </button>
          ) : null}
          <button type="button" class="btn go" data-safe onClick={close}>
            Close
          </button>
        </>
      }
    >
      {over ? <p>{over.message}</p> : null}
      <ul class="left-out" aria-label="Left out">
        {entries.slice(0, LISTED_MAX).map((entry) => (
          <li key={entry.path}>
            <code>{entry.path}</code>
            <span class="mono">{entry.size === null ? '' : formatBytes(entry.size)}</span>
            <span class="reason">{entry.reason}</span>
          </li>
        ))}
      </ul>
      {entries.length > LISTED_MAX ? <p>and {formatCount(entries.length - LISTED_MAX)} more.</p> : null}
      {isFolder && hasFolderPicker() ? (
        <p class="faint">
          A folder that was chosen and not dropped comes without files whose names hold a backslash or a
          control character: this browser does not list them. Drop the folder to have them.
        </p>
      ) : null}
    </Dialog>
  )
}
