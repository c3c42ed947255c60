/** Kernel: the process table and what is known of the selected one. */
import { useSignal } from '@preact/signals'
import { messageOf } from '../format.ts'
import { Dialog } from '../frame/dialog.tsx'
import { adoptStyles } from '../frame/styles.ts'
import type { ProcessRow } from '../stores/process-store.ts'
import { useUi } from '../ui.ts'
import styles from './kernel.lazy.css'
import { ProcessDetails } from './process-details.tsx'
import { ProcessTable } from './process-table.tsx'

adoptStyles(styles)

const KillDialog = ({ row, close }: { row: ProcessRow; close(): void }) => {
  const { wasmrun, stores } = useUi()
  const kill = (): void => {
    close()
    wasmrun.processes.kill(row.pid, 'SIGKILL').catch((error: unknown) => {
      stores.notices.apply({
        type: 'toast',
        kind: 'fault',
        text: `Process ${row.pid} was not killed: ${messageOf(error)}`,
      })
    })
  }
  return (
    <Dialog
      title={`Kill ${row.command} (process ${row.pid})?`}
      close={close}
      footer={
        <>
          <button type="button" class="btn" data-safe onClick={close}>
            Keep it running
          </button>
          <button type="button" class="btn danger" onClick={kill}>
            Kill process {row.pid}
          </button>
        </>
      }
    >
      <p>
        It ends at once with SIGKILL. What it has not yet written to a file is lost; the other processes go
        on.
      </p>
    </Dialog>
  )
}

export const KernelPanel = () => {
  const { stores, machine } = useUi()
  const killing = useSignal<number | null>(null)
  const rows = stores.processes.rows.value
  const selected = rows.find((row) => row.pid === machine.selected.value) ?? null
  const victim = rows.find((row) => row.pid === killing.value && row.state !== 'ended') ?? null
  return (
    <div class="kernel">
      <ProcessTable
        rows={rows}
        selected={selected?.pid ?? null}
        select={machine.select}
        kill={(pid) => {
          killing.value = pid
        }}
      />
      {selected ? (
        <ProcessDetails
          key={`${selected.pid} ${machine.traced.value?.pid === selected.pid}`}
          row={selected}
        />
      ) : null}
      {victim ? (
        <KillDialog
          row={victim}
          close={() => {
            killing.value = null
          }}
        />
      ) : null}
    </div>
  )
}
