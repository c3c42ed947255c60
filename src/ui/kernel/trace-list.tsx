/** The live system calls of a process: pause, copy, save, clear; newest last. */
import { giveDownload } from '../files/give-download.ts'
import { formatCount, messageOf, plural } from '../format.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { Icon } from '../icon.tsx'
import type { ProcessRow } from '../stores/process-store.ts'
import { useUi } from '../ui.ts'
import { callTime, type Trace, traceText } from './trace.ts'

/** Pixels of a call; what is longer than a line is whole in its title, in a copy and in the file. */
const ROW = 22

const words = (trace: Trace): string => {
  // those that are not kept any more included: it goes on growing while calls come
  const count = plural(trace.calls.value.length + trace.forgotten.value, 'call')
  const state = trace.state.value
  if (state === 'failed') return `Not traced: ${trace.problem.value}`
  if (state === 'paused') return `Paused at ${count}`
  return state === 'ended' ? `Over after ${count}` : count
}

const Tools = ({ trace, row }: { trace: Trace; row: ProcessRow }) => {
  const { stores, machine } = useUi()
  const isPaused = trace.state.value === 'paused'
  const isLive = isPaused || trace.state.value === 'reading'
  const copy = (): void => {
    navigator.clipboard.writeText(traceText(trace)).then(
      () => stores.notices.apply({ type: 'toast', kind: 'live', text: 'The calls were copied.' }),
      (error: unknown) => {
        const text = `The browser does not let the page copy (${messageOf(error)}). Save the calls instead.`
        stores.notices.apply({ type: 'toast', kind: 'fault', text })
      },
    )
  }
  const save = (): void => giveDownload(`strace-${trace.pid}.txt`, new TextEncoder().encode(traceText(trace)))
  return (
    <div class="tools">
      {isLive ? (
        <button type="button" class="btn small" onClick={isPaused ? trace.resume : trace.pause}>
          <Icon name={isPaused ? 'run' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      ) : null}
      <button type="button" class="btn small" onClick={copy}>
        Copy
      </button>
      <button type="button" class="btn small" onClick={save}>
        Save
      </button>
      <button type="button" class="btn small" aria-label="Clear the calls" onClick={trace.clear}>
        Clear
      </button>
      {isLive ? (
        <button type="button" class="btn small" onClick={() => machine.trace(null)}>
          <Icon name="stop" />
          Stop tracing
        </button>
      ) : null}
      {!isLive && row.state !== 'ended' ? (
        <button type="button" class="btn small" onClick={() => machine.trace(row.pid)}>
          <Icon name="run" />
          Trace again
        </button>
      ) : null}
      <span class="dim figure" data-testid="trace-state">
        {words(trace)}
      </span>
    </div>
  )
}

const Calls = ({ trace, row }: { trace: Trace; row: ProcessRow }) => {
  const calls = trace.calls.value
  const isLive = trace.state.value === 'reading'
  return (
    <>
      <Tools trace={trace} row={row} />
      {trace.forgotten.value > 0 ? (
        <p class="forgotten">{formatCount(trace.forgotten.value)} earlier calls are not kept.</p>
      ) : null}
      <VirtualRows
        class="calls mono"
        role="log"
        aria-label={`System calls of process ${trace.pid}`}
        aria-live="off"
        tabIndex={0}
        count={calls.length}
        height={ROW}
        row={(index) => {
          const call = calls[index]
          if (!call) return null
          return (
            <div class="call" key={index} data-testid="trace-call">
              <span class="faint">{callTime(call.time)}</span>
              <span class="cut" title={call.text}>
                {call.text}
              </span>
              <span class="faint num">{formatCount(call.micros)} µs</span>
            </div>
          )
        }}
        {...(isLive ? { visible: calls.length - 1 } : {})}
      />
    </>
  )
}

export const TraceList = ({ row }: { row: ProcessRow }) => {
  const { machine } = useUi()
  const trace = machine.traced.value
  if (trace?.pid === row.pid) return <Calls trace={trace} row={row} />
  if (row.state === 'ended')
    return <p class="nothing">This process has ended: it makes no call any more, and was not traced here.</p>
  return (
    <div class="nothing">
      <p>Every call that it makes from now on, with its arguments, its result and how long it took.</p>
      <button type="button" class="btn" onClick={() => machine.trace(row.pid)}>
        <Icon name="run" />
        Trace process {row.pid}
      </button>
      {trace ? <p>Process {trace.pid} is traced until then.</p> : null}
    </div>
  )
}
