/** The machine's pulse: a cell for every process, memory and files, and the seal. */

import { DiskCell } from '../disk/disk-door.tsx'
import { formatBytes, formatCount, formatShare } from '../format.ts'
import { Icon } from '../icon.tsx'
import { Spark } from '../kernel/spark.tsx'
import { lampOf, stateWords } from '../kernel/state-words.ts'
import { useUi } from '../ui.ts'

/** Ended processes shown here; the others are in Kernel. */
const ENDED_SHOWN = 2

const SAVE_WORDS = {
  saved: 'kept',
  saving: 'keeping…',
  full: 'not kept: no room',
  failed: 'not kept',
  taken: 'another tab has this project',
} as const

/** Whether what is here outlives the tab. */
const SaveCell = () => {
  const { kept, stores } = useUi()
  const { state, message } = kept.saving.value
  const isKept = kept.current.value !== null
  const isTaken = kept.taken.value !== null
  const words = isKept ? SAVE_WORDS[state] : isTaken ? SAVE_WORDS.taken : 'in this tab only'
  const isWell = isKept && (state === 'saved' || state === 'saving')
  return (
    <button
      type="button"
      class={`cell ${isWell ? '' : 'bad'}`}
      data-testid="saving"
      title={
        isTaken
          ? 'What you change here is kept nowhere: take it back, or keep a copy'
          : message ||
            (isKept ? 'Every change is kept in this browser' : 'Save the project as .zip to keep it')
      }
      onClick={() => stores.dialogs.apply({ type: 'open', name: 'storage' })}
    >
      <Icon name={isWell ? 'disk' : 'warn'} />
      {words}
    </button>
  )
}

export const Strip = () => {
  const { stores, machine } = useUi()
  const facts = machine.facts.value
  const rows = stores.processes.rows.value
  const ended = rows.filter((row) => row.state === 'ended').slice(-ENDED_SHOWN)
  const shown = [...rows.filter((row) => row.state !== 'ended'), ...ended]
  const show = (pid: number): void => {
    machine.select(pid)
    stores.preferences.apply({ panel: 'kernel', small: 'kernel', bottomShown: true })
  }
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: at the page's top level a footer is a landmark and takes a name
    <footer class="strip onboard" aria-label="Machine" data-region>
      {shown.length === 0 ? <span class="cell">no process</span> : null}
      <div class="cells">
        {shown.map((row) => (
          <button
            key={row.pid}
            type="button"
            class="cell"
            data-testid="strip-process"
            data-pid={row.pid}
            onClick={() => show(row.pid)}
          >
            <span class={`lamp ${lampOf(row)}`} />
            <span class="sr">process</span>
            <b>{row.pid}</b> <span class="cut">{row.command}</span>
            {row.state === 'ended' ? (
              <span>{stateWords(row)}</span>
            ) : (
              <>
                <span class="sr">{stateWords(row)}</span>
                <Spark samples={row.samples} />
              </>
            )}
          </button>
        ))}
      </div>
      <DiskCell />
      <SaveCell />
      {stores.updates.state.value?.offline ? (
        <span class="cell only-wide" title="This page starts without a network">
          <Icon name="dl" />
          offline ready
        </span>
      ) : null}
      {facts ? (
        <>
          <span class="cell only-wide">memory {formatShare(facts.used, facts.max)}</span>
          <span class="cell only-wide" title={`${formatBytes(facts.size)} are set aside`}>
            files {formatCount(facts.files)}
          </span>
          <span class="cell only-wide">
            <Icon name={facts.isolated ? 'seal' : 'warn'} />
            {facts.isolated ? 'isolated' : 'not isolated'}
          </span>
        </>
      ) : null}
    </footer>
  )
}
