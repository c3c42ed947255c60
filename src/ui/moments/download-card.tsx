/** A runtime on its way, in the place of the program that waits for it. */
import { baseName } from '../format.ts'
import { adoptStyles } from '../frame/styles.ts'
import type { RunPlan } from '../stores/project-store.ts'
import { type Download, runtimeTitle } from '../stores/runtime-store.ts'
import { useUi } from '../ui.ts'
import { downloadSteps, percent, rateText, shareText } from './download-steps.ts'
import styles from './moments.lazy.css'

adoptStyles(styles)

export const DownloadCard = ({ download, plan }: { download: Download; plan: RunPlan }) => {
  const { runner, stores } = useUi()
  const title = runtimeTitle(download.name, download.version)
  if (download.step === 'failed')
    return (
      <div class="note fault-card" role="alert" data-testid="fault-card">
        <h2>{title} did not arrive</h2>
        <dl class="facts">
          <dt>Cause</dt>
          <dd>{download.message || 'The download broke off.'}</dd>
        </dl>
        <div class="acts">
          {download.retry ? (
            <button type="button" class="btn go" onClick={() => void runner.run(plan)}>
              Download again
            </button>
          ) : null}
          <button
            type="button"
            class="btn"
            onClick={() =>
              stores.runtimes.apply({ type: 'forget', name: download.name, version: download.version })
            }
          >
            Put away
          </button>
        </div>
      </div>
    )
  const program = baseName(plan.args[0] ?? plan.command)
  return (
    <div class="note" data-testid="download-card">
      <h2>Getting {title}, once for this device</h2>
      <p class="dim">You can read the files meanwhile. The program starts by itself when {title} is here.</p>
      <div>
        <div class="bar-line">
          <b>{title}</b>
          <span class="mono">{shareText(download)}</span>
        </div>
        <div
          class="prog"
          role="progressbar"
          aria-label={`Downloading ${title}`}
          aria-valuenow={percent(download)}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuetext={`${shareText(download)} ${rateText(download)}`}
        >
          <i style={{ width: `${percent(download)}%` }} />
        </div>
        <div class="bar-line dim">
          <span class="mono">{rateText(download)}</span>
          <button
            type="button"
            class="btn"
            aria-label={`Cancel download of ${title}`}
            onClick={() => runner.cancel(plan)}
          >
            Cancel
          </button>
        </div>
      </div>
      <ol class="steps" aria-label="Steps">
        {downloadSteps(download, program).map((step) => (
          <li key={step.name} class={step.state} aria-current={step.state === 'now' ? 'step' : undefined}>
            <span>
              {step.state === 'next' ? step.name : <b>{step.name}</b>}
              {step.detail && step.state !== 'next' ? (
                <>
                  <br />
                  {step.detail}
                </>
              ) : null}
            </span>
            <span class="mono">{step.figure}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
