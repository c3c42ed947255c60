/** A new version of the page waits until it is wanted: open programs go on in the old one. */
import { messageOf } from '../format.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'

export const UpdateBand = () => {
  const { wasmrun, stores, runner, files } = useUi()
  const { state, isPutOff } = stores.updates
  if (!state.value?.waiting || isPutOff.value) return null
  const running = runner.runs.value.size
  const accept = async (): Promise<void> => {
    try {
      await files.documents.saveAll()
      await wasmrun.updates.accept()
    } catch (error) {
      stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
    }
  }
  return (
    <div class="toast sheet-card live" data-testid="update">
      <Icon name="info" />
      <span class="grow">
        A new version of this page is here.
        {running > 0 ? ' Changing to it ends the running program.' : ''}
      </span>
      <button type="button" class="btn small" onClick={() => void accept()}>
        Change now
      </button>
      <button type="button" class="btn small" onClick={() => stores.updates.apply({ type: 'later' })}>
        Later
      </button>
    </div>
  )
}
