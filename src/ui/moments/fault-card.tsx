/** What went wrong, why, and what to do: in the place of what was waited for. */
import { Icon } from '../icon.tsx'
import type { Card } from '../stores/notice-store.ts'
import { useUi } from '../ui.ts'
import { UpdateBand } from './update-band.tsx'

export const FaultCard = ({ card }: { card: Card }) => {
  const { stores } = useUi()
  const away = (): void => stores.notices.apply({ type: 'card-away' })
  return (
    <div class="note fault-card sheet-card" role="alert" data-testid="fault-card">
      <h2>{card.title}</h2>
      <dl class="facts">
        {card.facts.map(({ name, text }) => (
          <>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </>
        ))}
      </dl>
      {card.detail ? <pre class="mono">{card.detail}</pre> : null}
      <div class="acts">
        {card.actions.map(({ label, primary, run }) => (
          <button
            key={label}
            type="button"
            class={`btn ${primary ? 'go' : ''}`}
            onClick={() => {
              away()
              run()
            }}
          >
            {label}
          </button>
        ))}
        <button type="button" class="btn" onClick={away}>
          Put away
        </button>
      </div>
    </div>
  )
}

/** Short news at the edge of the page; faults stay until they are put away. */
export const Toasts = () => {
  const { stores } = useUi()
  return (
    <div class="toasts" role="status" aria-live="polite">
      <UpdateBand />
      {stores.notices.toasts.value.map((toast) => (
        <div key={toast.id} class={`toast sheet-card ${toast.kind}`}>
          <Icon name={toast.kind === 'fault' ? 'fault' : 'info'} />
          <span class="grow">{toast.text}</span>
          <button
            type="button"
            class="ib"
            aria-label="Put away"
            onClick={() => stores.notices.apply({ type: 'toast-away', id: toast.id })}
          >
            <Icon name="x" />
          </button>
        </div>
      ))}
    </div>
  )
}
