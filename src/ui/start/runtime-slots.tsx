/** The runtimes on the start screen: what is on this device, and what is fetched when first used. */
import { codeOf, formatBytes, messageOf } from '../format.ts'
import { Icon } from '../icon.tsx'
import { percent } from '../moments/download-steps.ts'
import { runtimeTitle } from '../stores/runtime-store.ts'
import { useUi } from '../ui.ts'

export const RuntimeSlots = () => {
  const { stores, wasmrun } = useUi()
  const { runtimes, problem, asked, download: downloadOf } = stores.runtimes
  const fetchNow = (name: string, version: string): void => {
    wasmrun.runtimes.prefetch(name, version).catch((error: unknown) => {
      if (downloadOf(name, version)?.step === 'failed' || codeOf(error) === 'ECANCELED') return
      stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
    })
  }
  return (
    <section class="side" aria-label="Runtimes">
      <h2>Runtimes</h2>
      <div class="slots">
        {runtimes.value.map((runtime) => {
          const title = runtimeTitle(runtime.name, runtime.version)
          const download = downloadOf(runtime.name, runtime.version)
          const isComing = download && download.step !== 'failed'
          return (
            <div
              key={`${runtime.name} ${runtime.version}`}
              class="slot"
              data-testid="runtime-slot"
              data-runtime={runtime.name}
            >
              <Icon name="mark" />
              <span class="cut">
                <b class="cut">{title}</b>
                <small class="cut">
                  {download?.step === 'failed'
                    ? download.message
                    : runtime.cached
                      ? `${formatBytes(runtime.download)}, checked`
                      : `${formatBytes(runtime.download)}, when first used`}
                </small>
              </span>
              {runtime.cached ? (
                <span class="tag live">
                  <Icon name="check" />
                  here
                </span>
              ) : isComing ? (
                <span class="tag warn">{percent(download)} %</span>
              ) : (
                <button
                  type="button"
                  class="tag get"
                  aria-label={`Get ${title} now`}
                  onClick={() => fetchNow(runtime.name, runtime.version)}
                >
                  <Icon name="dl" />
                  get
                </button>
              )}
            </div>
          )
        })}
        <div class="slot">
          <Icon name="mark" />
          <span class="cut">
            <b class="cut">Rust, Go, any .wasm</b>
            <small class="cut">finished programs for WASI</small>
          </span>
          <span class="tag live">
            <Icon name="check" />
            here
          </span>
        </div>
        {problem.value ? <p class="slot empty">{problem.value}</p> : null}
        {asked.value ? null : <p class="slot empty">Asking the catalogue…</p>}
      </div>
    </section>
  )
}
