/** How much a process rests at its system calls, 0 to 19. */
import { useSignal } from '@preact/signals'
import { messageOf } from '../format.ts'
import type { ProcessRow } from '../stores/process-store.ts'
import { useUi } from '../ui.ts'

/** As the kernel has it. */
const HIGHEST_NICE = 19

export const NiceField = ({ row }: { row: ProcessRow }) => {
  const { wasmrun, machine } = useUi()
  const problem = useSignal('')
  const id = `nice-${row.pid}`
  const take = (text: string): void => {
    const value = Number(text)
    const isNice = text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= HIGHEST_NICE
    problem.value = isNice ? '' : `Nice: a whole number from 0 to ${HIGHEST_NICE}.`
    if (!isNice) return
    wasmrun.processes
      .nice(row.pid, value)
      .then(machine.refresh)
      .catch((error: unknown) => {
        problem.value = messageOf(error)
      })
  }
  return (
    <div class="nice">
      <label for={id}>Nice</label>
      <input
        id={id}
        key={row.nice}
        class="mono"
        type="number"
        min={0}
        max={HIGHEST_NICE}
        step={1}
        defaultValue={String(row.nice)}
        aria-invalid={problem.value !== ''}
        aria-describedby={`${id}-words`}
        onChange={(event) => take(event.currentTarget.value)}
      />
      <p
        id={`${id}-words`}
        class={problem.value ? 'problem' : 'dim'}
        role={problem.value ? 'alert' : undefined}
      >
        {problem.value ||
          '0 runs freely, 4 rests half of the time, 19 hardly runs. A loop without calls is not held back.'}
      </p>
    </div>
  )
}
