/** What the parts of the machine noted: by source, severity and words; newest last. */
import { useSignal } from '@preact/signals'
import { giveDownload } from '../files/give-download.ts'
import { formatTime, plural } from '../format.ts'
import { adoptStyles } from '../frame/styles.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { Icon } from '../icon.tsx'
import type { KeptEntry } from '../stores/log-store.ts'
import { useUi } from '../ui.ts'
import { exportText, type LogFilter, passes, SEVERITIES } from './log-filter.ts'
import styles from './logs.lazy.css'
import { saveReport } from './save-report.ts'

adoptStyles(styles)

/** Pixels of an entry; what is longer than a line is whole in its title and in the export. */
const ROW = 24
const ROW_TOUCH = 44

const UPWARDS = new Set(['ArrowUp', 'PageUp', 'Home'])

export const LogsPanel = () => {
  const ui = useUi()
  const { stores } = ui
  const entries = stores.logs.entries.value
  const filter = useSignal<LogFilter>({ text: '', source: '', least: 'debug' })
  const follows = useSignal(stores.project.project.value?.options?.autoScroll ?? true)
  const shown = entries.filter((entry) => passes(entry, filter.value))
  const sources = [...new Set(entries.map(({ source }) => source))].sort()
  const last = shown.length - 1
  const set = (change: Partial<LogFilter>): void => {
    filter.value = { ...filter.value, ...change }
  }
  /** Who looks at what was before is not carried away. */
  const letGo = (): void => {
    follows.value = false
  }
  const row = (entry: KeptEntry) => (
    <div
      class={`log-entry ${entry.severity} ${entry.isOld ? 'old' : ''}`}
      key={entry.id}
      data-testid="log-entry"
    >
      <span class="mono">{formatTime(entry.time)}</span>
      <b>{entry.severity}</b>
      <span class="dim">{entry.source}</span>
      <span class="cut" title={entry.text}>
        {entry.text}
      </span>
    </div>
  )
  const height = matchMedia('(max-width: 720px)').matches ? ROW_TOUCH : ROW
  return (
    <div class="logs">
      <div class="tools">
        <label class="field grow">
          <Icon name="find" />
          <input
            type="search"
            aria-label="Filter the log"
            placeholder="Filter the log"
            value={filter.value.text}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </label>
        <select
          class="btn"
          aria-label="Source"
          value={filter.value.source}
          onChange={(event) => set({ source: event.currentTarget.value })}
        >
          <option value="">all sources</option>
          {sources.map((source) => (
            <option key={source} value={source}>
              {source}
            </option>
          ))}
        </select>
        <select
          class="btn"
          aria-label="Severity"
          value={filter.value.least}
          onChange={(event) => {
            const least = SEVERITIES.find((severity) => severity === event.currentTarget.value)
            if (least) set({ least })
          }}
        >
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {severity === 'debug' ? 'everything' : `${severity} and above`}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="btn"
          aria-pressed={follows.value}
          title="Goes to the newest entry when one comes"
          onClick={() => {
            follows.value = !follows.value
          }}
        >
          {follows.value ? <Icon name="check" /> : null}
          Follow
        </button>
        <button
          type="button"
          class="btn"
          onClick={() => giveDownload('wasmrun-log.txt', new TextEncoder().encode(exportText(shown)))}
        >
          Export
        </button>
        <button
          type="button"
          class="btn"
          title="Versions, what the browser can do, processes and the log; no file of yours"
          onClick={() => void saveReport(ui)}
        >
          Report for a bug
        </button>
        <button
          type="button"
          class="btn"
          aria-label="Clear log"
          onClick={() => stores.logs.apply({ type: 'clear' })}
        >
          Clear
        </button>
      </div>
      {shown.length === 0 ? (
        <p class="nothing">
          {entries.length === 0
            ? 'Nothing was noted yet. Downloads, starts and ends of programs, and what goes wrong stand here.'
            : `None of ${plural(entries.length, 'entry', 'entries')} matches.`}
        </p>
      ) : null}
      <VirtualRows
        class="log-list"
        role="log"
        aria-label="Machine log"
        aria-live="off"
        tabIndex={0}
        onWheel={(event: WheelEvent) => event.deltaY < 0 && letGo()}
        onTouchMove={letGo}
        onKeyDown={(event: KeyboardEvent) => UPWARDS.has(event.key) && letGo()}
        count={shown.length}
        height={height}
        row={(index) => {
          const entry = shown[index]
          return entry ? row(entry) : null
        }}
        {...(follows.value ? { visible: last } : {})}
      />
    </div>
  )
}
