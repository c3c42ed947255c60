/** The runtimes there are: what is on this device, how large, from which hub; get and delete; the mirrors. */
import { useEffect } from 'preact/hooks'
import type { RuntimeSummary } from '../../abi/control.ts'
import { codeOf, formatBytes, messageOf, plural } from '../format.ts'
import { Icon } from '../icon.tsx'
import { percent, rateText } from '../moments/download-steps.ts'
import { runtimeTitle } from '../stores/runtime-store.ts'
import type { Ui } from '../ui.ts'
import { useUi } from '../ui.ts'
import { hubName, Mirrors } from './mirrors.tsx'

const listAgain = async ({ wasmrun, stores }: Ui): Promise<void> => {
  try {
    stores.runtimes.apply({ type: 'list', runtimes: await wasmrun.runtimes.list() })
  } catch (error) {
    stores.runtimes.apply({
      type: 'unlisted',
      message: `The runtimes could not be listed: ${messageOf(error)}`,
    })
  }
}

const attempt = (ui: Ui, work: Promise<void>): void => {
  work
    .catch((error: unknown) => {
      if (codeOf(error) !== 'ECANCELED')
        ui.stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
    })
    .finally(() => void listAgain(ui))
}

const Act = ({ runtime }: { runtime: RuntimeSummary }) => {
  const ui = useUi()
  const { name, version, cached } = runtime
  const title = runtimeTitle(name, version)
  const download = ui.stores.runtimes.download(name, version)
  if (download && download.step !== 'failed')
    return (
      <>
        <span class="mono dim">
          {percent(download)} % {rateText(download)}
        </span>
        <button
          type="button"
          class="btn small"
          aria-label={`Cancel download of ${title}`}
          onClick={() => attempt(ui, ui.wasmrun.runtimes.cancel(name))}
        >
          Cancel
        </button>
      </>
    )
  return cached ? (
    <button
      type="button"
      class="btn small"
      aria-label={`Delete ${title} from this device`}
      onClick={() => attempt(ui, ui.wasmrun.runtimes.remove(name, version))}
    >
      Delete
    </button>
  ) : (
    <button
      type="button"
      class="btn small"
      aria-label={`Get ${title} now`}
      onClick={() => attempt(ui, ui.wasmrun.runtimes.prefetch(name, version))}
    >
      Get
    </button>
  )
}

export const RuntimesPage = () => {
  const ui = useUi()
  const { runtimes, problem, asked } = ui.stores.runtimes
  useEffect(() => void listAgain(ui), [ui])
  const kept = runtimes.value.filter(({ cached }) => cached)
  const bytes = kept.reduce((sum, { size }) => sum + size, 0)
  return (
    <>
      <p>
        {plural(kept.length, 'runtime')} on this device, {formatBytes(bytes)}. Each is checked against its
        published SHA-256 before it is used. Rust, Go and other finished .wasm programs need none.
      </p>
      {problem.value ? (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      ) : null}
      {asked.value ? null : <p>Asking the catalogue…</p>}
      <ul class="things">
        {runtimes.value.map((runtime) => (
          <li
            key={`${runtime.hub} ${runtime.name} ${runtime.version}`}
            data-testid="runtime-row"
            data-runtime={runtime.name}
            data-version={runtime.version}
          >
            <Icon name="mark" />
            <span class="grow">
              <b>{runtimeTitle(runtime.name, runtime.version)}</b>{' '}
              <span class="dim">{runtime.hub === '' ? 'this site' : hubName(runtime.hub)}</span>
              <small>
                {formatBytes(runtime.download)} to fetch, {formatBytes(runtime.size)} unpacked.{' '}
                {runtime.license}. {runtime.source}
              </small>
            </span>
            {runtime.cached ? (
              <span class="tag live">
                <Icon name="check" />
                here
              </span>
            ) : null}
            <Act runtime={runtime} />
          </li>
        ))}
      </ul>
      <Mirrors changed={() => void listAgain(ui)} />
    </>
  )
}
