/** The processes as a grid: arrows move, Enter opens the details, Delete kills after a question. On a small screen rows are cards. */
import { useRef } from 'preact/hooks'
import { formatBytes, formatDuration, messageOf } from '../format.ts'
import { Icon } from '../icon.tsx'
import type { ProcessRow } from '../stores/process-store.ts'
import { useUi } from '../ui.ts'
import { gridKey } from './grid-key.ts'
import { Spark } from './spark.tsx'
import { lampOf, stateWords } from './state-words.ts'

export interface ProcessTableProps {
  rows: readonly ProcessRow[]
  selected: number | null
  select(pid: number): void
  kill(pid: number): void
}

const HEADINGS: readonly { name: string; class: string }[] = [
  { name: 'PID', class: 'num hide-small' },
  { name: 'Command', class: '' },
  { name: 'State', class: '' },
  { name: 'CPU', class: 'num' },
  { name: 'Memory', class: 'num narrow-2' },
  { name: 'Last minute', class: 'hide-small narrow-1' },
  { name: 'Files', class: 'num hide-small narrow-1' },
  { name: 'Up', class: 'num hide-small narrow-2' },
]

const SuspendButton = ({ row }: { row: ProcessRow }) => {
  const { wasmrun, stores, machine } = useUi()
  const isStopped = row.state === 'stopped' || row.note !== ''
  const act = (event: Event): void => {
    event.stopPropagation()
    wasmrun.processes
      .kill(row.pid, isStopped ? 'SIGCONT' : 'SIGSTOP')
      // the kernel tells of a stop when it has happened; until then the table says that it is to come
      .then(machine.refresh)
      .catch((error: unknown) => {
        stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
      })
  }
  return (
    <button
      type="button"
      class="ib"
      title={isStopped ? 'Resume (SIGCONT)' : 'Suspend (SIGSTOP)'}
      aria-label={`${isStopped ? 'Resume' : 'Suspend'} process ${row.pid}`}
      onClick={act}
    >
      <Icon name={isStopped ? 'run' : 'pause'} />
    </button>
  )
}

export const ProcessTable = ({ rows, selected, select, kill }: ProcessTableProps) => {
  const { stores, now } = useUi()
  const body = useRef<HTMLTableSectionElement>(null)
  const focusable = rows.some((row) => row.pid === selected) ? selected : (rows[0]?.pid ?? null)
  const onKeyDown = (event: KeyboardEvent, row: ProcessRow, at: number): void => {
    const next = gridKey(event.key, at, rows.length)
    if (next >= 0) {
      const target = body.current?.children[next]
      if (target instanceof HTMLElement) target.focus()
    } else if (event.key === 'Enter' && event.target === event.currentTarget) select(row.pid)
    else if (event.key === 'Delete' && row.state !== 'ended') kill(row.pid)
    else return
    event.preventDefault()
  }
  return (
    <div class="table-box">
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the ARIA grid pattern on a table */}
      <table class="table" role="grid" aria-label="Processes">
        <thead>
          <tr>
            {HEADINGS.map((heading) => (
              <th key={heading.name} scope="col" class={heading.class}>
                {heading.name}
              </th>
            ))}
            <th scope="col">
              <span class="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, at) => (
            <tr
              key={row.pid}
              data-testid="process-row"
              data-pid={row.pid}
              data-state={row.state}
              aria-selected={row.pid === selected}
              tabIndex={row.pid === focusable ? 0 : -1}
              onClick={() => select(row.pid)}
              onKeyDown={(event) => onKeyDown(event, row, at)}
            >
              <td class="num hide-small">{row.pid}</td>
              <td class="command mono cut" title={[row.command, ...row.args].join(' ')}>
                <span class="only-small faint">{row.pid} </span>
                {row.command}
              </td>
              <td>
                <span class="state">
                  <span class={`lamp ${lampOf(row)}`} />
                  {stateWords(row)}
                </span>
              </td>
              <td class="num">
                {row.state === 'ended' || row.share === null ? '' : `${row.share.toFixed(1)} %`}
              </td>
              <td class="num narrow-2">{row.state === 'ended' ? '' : formatBytes(row.memory)}</td>
              <td class="hide-small narrow-1">
                {row.state === 'ended' ? null : <Spark samples={row.samples} />}
              </td>
              <td class="num hide-small narrow-1">{row.state === 'ended' ? '' : row.files}</td>
              <td class="num hide-small narrow-2">{formatDuration((row.ended || now()) - row.started)}</td>
              <td class="act">
                {row.state === 'ended' ? (
                  <button
                    type="button"
                    class="ib"
                    aria-label={`Dismiss process ${row.pid}`}
                    onClick={() => stores.processes.apply({ type: 'dismiss', pid: row.pid })}
                  >
                    <Icon name="x" />
                  </button>
                ) : (
                  <SuspendButton row={row} />
                )}
                {row.state === 'ended' ? null : (
                  <button
                    type="button"
                    class="ib"
                    title="Kill (Delete)"
                    aria-label={`Kill process ${row.pid}`}
                    onClick={() => kill(row.pid)}
                  >
                    <Icon name="kill" />
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p class="nothing">No process. Run starts one.</p> : null}
    </div>
  )
}
