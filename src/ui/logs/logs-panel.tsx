/** What the parts of the machine noted, newest last. */
import { formatTime } from '../format.ts'
import { useUi } from '../ui.ts'

export const LogsPanel = () => {
  const { stores } = useUi()
  const entries = stores.logs.entries.value
  if (entries.length === 0) return <p class="nothing">Nothing was noted yet.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled log is read with the keyboard
    <div class="log-list" role="log" aria-label="Machine log" aria-live="off" tabIndex={0}>
      {entries.map((entry, index) => (
        <div class={`log-entry ${entry.severity}`} key={`${entry.time} ${index}`}>
          <span class="mono">{formatTime(entry.time)}</span>
          <b>{entry.severity}</b>
          <span class="dim">{entry.source}</span>
          <span>{entry.text}</span>
        </div>
      ))}
    </div>
  )
}
