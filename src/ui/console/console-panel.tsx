/** The Console: filter, lines, input. */
import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { formatBytes, formatCount } from '../format.ts'
import { adoptStyles } from '../frame/styles.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import { createAnnouncer } from './announcer.ts'
import styles from './console.lazy.css'
import { ConsoleInput } from './console-input.tsx'
import { ConsoleList } from './console-list.tsx'
import { CHARACTERS_MAX, type Channel } from './console-store.ts'
import { createConsoleView } from './console-view.ts'

adoptStyles(styles)

const CHANNELS: readonly { channel: Channel; words: string }[] = [
  { channel: 'out', words: 'Standard output' },
  { channel: 'err', words: 'Standard error' },
  { channel: 'sys', words: 'The machine' },
]

export const ConsolePanel = () => {
  const { stores, runner } = useUi()
  const view = useMemo(() => createConsoleView(stores.console), [stores])
  const spoken = useSignal('')
  useEffect(() => () => view.dispose(), [view])
  useEffect(
    () =>
      createAnnouncer(
        stores.console,
        (sentence) => {
          spoken.value = sentence
        },
        (callback, milliseconds) => void setTimeout(callback, milliseconds),
      ),
    [stores],
  )
  const measured = useCallback(runner.resize, [runner])
  const filter = view.filter.value
  const dropped = stores.console.dropped.value
  const processes = stores.processes.rows.value
  const isFiltered = filter.text !== '' || filter.pid !== null
  void view.version.value
  return (
    <>
      <div class="tools">
        <label class="field grow">
          <Icon name="find" />
          <input
            type="search"
            aria-label="Filter output"
            placeholder="Filter output"
            value={filter.text}
            onInput={(event) => view.setFilter({ ...filter, text: event.currentTarget.value })}
          />
        </label>
        <select
          class="btn"
          aria-label="Show one process"
          value={filter.pid ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            view.setFilter({ ...filter, pid: value === '' ? null : Number(value) })
          }}
        >
          <option value="">all processes</option>
          {processes.map((row) => (
            <option key={row.pid} value={row.pid}>
              {row.pid} {row.command}
            </option>
          ))}
        </select>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset brings a border and a legend */}
        <div class="segments" role="group" aria-label="Channels">
          {CHANNELS.map(({ channel, words }) => (
            <button
              key={channel}
              type="button"
              class={`segment ${channel}`}
              aria-pressed={filter.channels[channel]}
              title={words}
              onClick={() =>
                view.setFilter({
                  ...filter,
                  channels: { ...filter.channels, [channel]: !filter.channels[channel] },
                })
              }
            >
              {channel}
            </button>
          ))}
        </div>
        <button
          type="button"
          class="btn"
          aria-label="Clear console"
          onClick={() => stores.console.apply({ type: 'clear' })}
        >
          Clear
        </button>
      </div>
      {dropped > 0 ? (
        <p class="dropped" role="note">
          {formatCount(dropped)} older lines were let go: the console keeps the last{' '}
          {formatCount(stores.console.limit.value)}, of very long ones as many as make{' '}
          {formatBytes(CHARACTERS_MAX)} of text.
        </p>
      ) : null}
      {isFiltered && view.index.count() === 0 ? (
        <p class="dropped" role="note">
          No line matches the filter.
        </p>
      ) : null}
      <ConsoleList view={view} measured={measured} />
      <ConsoleInput />
      <div class="sr" role="status" aria-live="polite" data-testid="console-summary">
        {spoken.value}
      </div>
    </>
  )
}
