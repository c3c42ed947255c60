/** A project on its way in: how much was found and read, Cancel; and the question when it is more than the limits. */
import type { BringState } from '../bring/bring.ts'
import { formatBytes, formatCount, formatShare, plural } from '../format.ts'
import { useUi } from '../ui.ts'

type Asking = Extract<BringState, { phase: 'asking' }>

const Asked = ({ plan, name }: Asking) => {
  const { bring } = useUi()
  const { over } = plan
  if (!over) return null
  const { found, admitted, offer, complete } = over
  return (
    <div
      class="note"
      role="alertdialog"
      aria-label={`${name} is larger than the limits`}
      data-testid="over-limits"
    >
      <h2>{name} is larger than the limits</h2>
      <p class="dim">{over.message}</p>
      <div class="acts">
        <button type="button" class="btn go" onClick={() => bring.answer(offer)}>
          {complete ? 'Load everything' : 'Load as much as fits the machine'}, {formatBytes(found.bytes)}
        </button>
        <button type="button" class="btn" onClick={() => bring.answer(null)}>
          Open {plural(admitted.files, 'file')}, {formatBytes(admitted.bytes)}
        </button>
        <button type="button" class="btn" onClick={bring.cancel}>
          Cancel
        </button>
      </div>
      <p class="faint">
        Raised limits: {formatCount(offer.files)} files, {formatBytes(offer.totalBytes)} in all,{' '}
        {formatBytes(offer.fileBytes)} a file. Everything is held in this tab's memory.
      </p>
    </div>
  )
}

const words = (
  state: Exclude<BringState, Asking>,
): { title: string; figures: string; detail: string; share: number | null } => {
  if (state.phase === 'listing')
    return {
      title: `Looking through ${state.name}`,
      figures: `${plural(state.files, 'file')}, ${formatBytes(state.bytes)}`,
      detail: state.path || ' ',
      share: null,
    }
  if (state.phase === 'restoring')
    return {
      title: `Opening ${state.name}`,
      figures: 'from this browser’s storage',
      detail: ' ',
      share: null,
    }
  if (state.phase === 'writing')
    return {
      title: `Putting ${state.name} into the machine`,
      figures: `${plural(state.files, 'file')}, ${formatBytes(state.bytes)}`,
      detail: ' ',
      share: 1,
    }
  return {
    title: `Reading ${state.name}`,
    figures: formatShare(state.bytes, state.allBytes),
    detail: `${formatCount(state.files)} of ${plural(state.allFiles, 'file')}`,
    share: state.allBytes > 0 ? state.bytes / state.allBytes : 1,
  }
}

export const BringCard = ({ state }: { state: BringState }) => {
  const { bring } = useUi()
  if (state.phase === 'asking') return <Asked {...state} />
  const { title, figures, detail, share } = words(state)
  const width = share === null ? 0 : Math.floor(share * 100)
  return (
    <div class="note" data-testid="bring-card">
      <h2>{title}</h2>
      <div>
        <div
          class="prog"
          role="progressbar"
          aria-label={title}
          aria-valuemin={0}
          aria-valuemax={100}
          {...(share === null ? {} : { 'aria-valuenow': width })}
          aria-valuetext={figures}
        >
          <i style={{ width: `${width}%` }} />
        </div>
        <div class="bar-line">
          <span class="mono">{figures}</span>
          <button type="button" class="btn" onClick={bring.cancel}>
            Cancel
          </button>
        </div>
        <p class="mono faint cut">{detail}</p>
      </div>
    </div>
  )
}
