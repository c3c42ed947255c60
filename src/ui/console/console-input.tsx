/** The line that is typed to a running program. It goes to the terminal, which echoes it where the program waits. */
import { useSignal } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import { createHistory } from './history.ts'

/** What a terminal's keyboard sends (ASCII ETX and EOT; the line discipline gives them their meaning). */
const INTERRUPT = '\x03'
const END_OF_INPUT = '\x04'

export const ConsoleInput = () => {
  const { runner } = useUi()
  const history = useMemo(createHistory, [])
  const field = useRef<HTMLInputElement>(null)
  const wanted = useSignal<number | null>(null)
  const processes = runner.inputs.value
  const target = processes.find(({ pid }) => pid === wanted.value) ?? processes[0]

  const put = (text: string | null): void => {
    if (text !== null && field.current) field.current.value = text
  }
  const send = (text: string): void => {
    if (target) void runner.send(target.pid, text)
  }
  const sendLine = (): void => {
    const line = field.current?.value ?? ''
    if (!target) return
    history.add(line)
    send(`${line}\n`)
    put('')
  }
  const control = (event: KeyboardEvent): string | null => {
    if (!event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null
    const input = field.current
    // with something selected Ctrl-C copies, as everywhere
    if (event.key === 'c' && input && input.selectionStart === input.selectionEnd) return INTERRUPT
    if (event.key === 'd') return END_OF_INPUT
    return null
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const special = control(event)
    if (special) {
      // what was typed before Ctrl-D goes along, as from a terminal
      if (special === END_OF_INPUT && field.current?.value) send(field.current.value)
      send(special)
      put('')
    } else if (event.key === 'Enter' && !event.isComposing) sendLine()
    else if (event.key === 'ArrowUp') put(history.back(field.current?.value ?? ''))
    else if (event.key === 'ArrowDown') put(history.forward())
    else return
    event.preventDefault()
  }

  return (
    <div class="console-input">
      <Icon name="right" />
      {processes.length > 1 ? (
        <select
          class="mono"
          aria-label="Process that gets the input"
          value={target?.pid}
          onChange={(event) => {
            wanted.value = Number(event.currentTarget.value)
          }}
        >
          {processes.map(({ pid, label }) => (
            <option key={pid} value={pid}>
              {label}
            </option>
          ))}
        </select>
      ) : null}
      <input
        ref={field}
        class="mono"
        aria-label={target ? `Input to ${target.label}` : 'Input, no program is running'}
        data-testid="console-input"
        placeholder={
          target
            ? `Type a line for ${target.label}, Enter sends it`
            : 'No program is running that could read a line'
        }
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        readOnly={!target}
        onKeyDown={onKeyDown}
      />
      {target ? (
        <>
          <button
            type="button"
            class="btn small"
            title="Interrupt, SIGINT (Ctrl C)"
            onClick={() => send(INTERRUPT)}
          >
            Ctrl C
          </button>
          <button
            type="button"
            class="btn small"
            title="End of input (Ctrl D)"
            onClick={() => send(END_OF_INPUT)}
          >
            Ctrl D
          </button>
        </>
      ) : null}
    </div>
  )
}
