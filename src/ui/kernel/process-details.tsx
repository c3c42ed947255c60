/** What is known of one process. */
import { formatBytes, formatDuration, formatTime } from '../format.ts'
import type { ProcessRow } from '../stores/process-store.ts'
import { joinWords } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { stateWords } from './state-words.ts'

export const ProcessDetails = ({ row }: { row: ProcessRow }) => {
  const { now } = useUi()
  const facts: [string, string][] = [
    ['Command', row.command],
    ['Arguments', joinWords(row.args) || 'none'],
    ['Runtime', row.runtime],
    ['Folder', row.cwd],
    ['Parent', row.parent === 0 ? 'the page' : `process ${row.parent}`],
    ['State', stateWords(row)],
    [
      'Started',
      `${formatTime(row.started)}, ${formatDuration((row.ended || now()) - row.started)} ${row.ended ? 'long' : 'ago'}`,
    ],
    ['Processor', formatDuration(row.cpu)],
    ['Memory', formatBytes(row.memory)],
  ]
  if (row.note) facts.push(['Note', row.note])
  if (row.nice > 0) facts.push(['Nice', String(row.nice)])
  if (row.exit?.message) facts.push(['Cause', row.exit.message])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is scrolled with the keyboard
    <section class="details" aria-label={`Process ${row.pid}`} tabIndex={0}>
      <h2>
        Process {row.pid} <small>{row.command}</small>
      </h2>
      <dl>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
