/** What the project is and how it runs: the first tab. */
import { formatBytes, plural } from '../format.ts'
import { RunButtons } from '../frame/bar.tsx'
import { useUi } from '../ui.ts'

export const Overview = () => {
  const { stores } = useUi()
  const project = stores.project.project.value
  const plan = stores.project.chosen.value
  if (!project) return null
  const others = project.plans.filter((other) => other !== plan)
  return (
    <div class="overview" data-testid="overview">
      <div class="note">
        <h2>{project.name}</h2>
        <dl class="facts wide">
          {plan ? (
            <>
              <dt>Runs on</dt>
              <dd>
                {plan.title}. <span class="dim">{plan.reason}</span>
              </dd>
              {plan.command ? (
                <>
                  <dt>Command</dt>
                  <dd class="mono">{[plan.command, ...plan.args].join(' ')}</dd>
                </>
              ) : null}
              {plan.problem ? (
                <>
                  <dt>Missing</dt>
                  <dd>{plan.problem}</dd>
                </>
              ) : null}
            </>
          ) : (
            <>
              <dt>Runs on</dt>
              <dd>
                {project.isLooking
                  ? 'Looking at its files…'
                  : 'Nothing here says how to run it. The machine looks for main.py, package.json, index.js, Cargo.toml, go.mod or a finished .wasm program.'}
              </dd>
            </>
          )}
          <dt>Loaded</dt>
          <dd>
            {plural(project.files, 'file')}, {formatBytes(project.bytes)}
          </dd>
          {project.leftOut.length > 0 ? (
            <>
              <dt>Left out</dt>
              <dd>
                <button
                  type="button"
                  class="btn small"
                  onClick={() => stores.dialogs.apply({ type: 'open', name: 'left-out' })}
                >
                  {plural(project.leftOut.length, 'entry', 'entries')}
                </button>
              </dd>
            </>
          ) : null}
        </dl>
        <div class="acts">
          <RunButtons place="overview" />
        </div>
        {others.length > 0 ? (
          <div class="others">
            <h3>Or run</h3>
            <div class="acts">
              {others.map((other) => (
                <button
                  key={other.id}
                  type="button"
                  class="btn"
                  title={other.problem || other.reason}
                  onClick={() => stores.project.apply({ type: 'choose', plan: other.id })}
                >
                  {other.title}: <code>{other.args[0] ?? other.command}</code>
                </button>
              ))}
            </div>
          </div>
        ) : null}
      </div>
    </div>
  )
}
