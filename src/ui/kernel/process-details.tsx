/** What is known of one process, what can be set, and its system calls while it is traced. */
import { useSignal } from '@preact/signals'
import { formatBytes, formatDuration, formatTime } from '../format.ts'
import { Tabs, tabId } from '../frame/tabs.tsx'
import type { ProcessRow } from '../stores/process-store.ts'
import { joinWords } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { NiceField } from './nice-field.tsx'
import { stateWords, waitWords } from './state-words.ts'
import { TraceList } from './trace-list.tsx'

const PARTS = [
  { id: 'facts', label: 'Facts' },
  { id: 'calls', label: 'System calls' },
] as const

const factsOf = (row: ProcessRow, now: number): [string, string][] => {
  const age = formatDuration((row.ended || now) - row.started)
  const facts: [string, string][] = [
    ['Command', row.command],
    ['Arguments', joinWords(row.args) || 'none'],
    ['Runtime', row.runtime],
    ['Folder', row.cwd],
    ['Parent', row.parent === 0 ? 'the page' : `process ${row.parent}`],
    ['Group', `${row.group}, session ${row.session}`],
    ['State', stateWords(row)],
    ['Waits for', waitWords(row)],
    ['Started', `${formatTime(row.started)}, ${age} ${row.ended ? 'long' : 'ago'}`],
    ['CPU time', `${formatDuration(row.cpu)} not blocked`],
    ['Memory', formatBytes(row.memory)],
    ['Open files', String(row.files)],
  ]
  if (row.exit?.message) facts.push(['Cause', row.exit.message])
  return facts
}

const Facts = ({ row }: { row: ProcessRow }) => {
  const { now } = useUi()
  return (
    <>
      {row.state === 'ended' ? null : <NiceField key={row.pid} row={row} />}
      <dl>
        {factsOf(row, now()).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{text}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

export const ProcessDetails = ({ row }: { row: ProcessRow }) => {
  const { machine } = useUi()
  const part = useSignal<(typeof PARTS)[number]['id']>(
    machine.traced.value?.pid === row.pid ? 'calls' : 'facts',
  )
  const hasCalls = part.value === 'calls'
  return (
    <section class={`details ${hasCalls ? 'wide' : ''}`} aria-label={`Process ${row.pid}`}>
      <Tabs
        label={`Process ${row.pid}`}
        prefix="process"
        items={PARTS}
        selected={part.value}
        select={(id) => {
          part.value = PARTS.find((other) => other.id === id)?.id ?? 'facts'
        }}
      >
        {hasCalls ? (
          <span class="dim who mono cut" title={row.command}>
            {row.pid} {row.command}
          </span>
        ) : null}
      </Tabs>
      <div
        class={hasCalls ? 'trace' : 'about'}
        id="process-panel"
        role="tabpanel"
        aria-labelledby={tabId('process', part.value)}
        {...(hasCalls ? {} : { tabIndex: 0 })}
      >
        {hasCalls ? <TraceList row={row} /> : <Facts row={row} />}
      </div>
    </section>
  )
}
