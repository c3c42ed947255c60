/** One line of the console: time, word, process, text. Drawn again only when its revision has changed. */
import { Component } from 'preact'
import { formatTime } from '../format.ts'
import type { ConsoleLine } from './console-store.ts'
import { styleOf } from './row-style.ts'

export interface ConsoleRowProps {
  line: ConsoleLine
  revision: number
}

// a class, because a line is the same object while it grows and only this hook may compare its revision
export class ConsoleRow extends Component<ConsoleRowProps> {
  override shouldComponentUpdate(next: ConsoleRowProps): boolean {
    return next.line !== this.props.line || next.revision !== this.props.revision
  }
  override render({ line }: ConsoleRowProps) {
    return (
      <div
        class={`line ${line.channel}`}
        data-line={line.id}
        data-channel={line.channel}
        data-pid={line.pid}
        data-testid="console-line"
      >
        <span class="when">{formatTime(line.time)}</span>
        <span class="word">{line.channel}</span>
        <span class="who">{line.label}</span>
        <span class="text">
          {line.runs.length === 0
            ? '\u200b'
            : line.runs.map((run) => {
                const style = styleOf(run.style)
                return style ? <span style={style}>{run.text}</span> : run.text
              })}
        </span>
      </div>
    )
  }
}
