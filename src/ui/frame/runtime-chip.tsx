/** What the project runs on and why; its sheet lists the other ways and takes a command of the user's own. */
import { useSignal } from '@preact/signals'
import { envText, parseEnv } from '../run/environment.ts'
import { joinWords, overridden, type RunPlan, splitWords } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { Popover } from './popover.tsx'

const Choices = ({ plans, chosen, close }: { plans: readonly RunPlan[]; chosen: RunPlan; close(): void }) => {
  const { stores, runner } = useUi()
  const line = useSignal(joinWords([chosen.command, ...chosen.args]))
  const words = splitWords(line.value)
  const variables = useSignal(envText(chosen.env))
  const parsed = parseEnv(variables.value)
  const version = useSignal(chosen.version)
  const versions = stores.runtimes.runtimes.value.filter(({ name }) => name === chosen.runtime)
  const override = (): RunPlan => {
    const [command = '', ...args] = words
    const change = { command, args, env: parsed.env, version: version.value }
    stores.project.apply({ type: 'override', plan: chosen.id, ...change })
    return overridden(chosen, change)
  }
  return (
    <>
      <div role="radiogroup" aria-label="Ways to run this project" class="choices">
        {plans.map((plan) => (
          // biome-ignore lint/a11y/useSemanticElements: a card with several lines of text
          <button
            key={plan.id}
            type="button"
            role="radio"
            aria-checked={plan.id === chosen.id}
            class="choice"
            onClick={() => {
              stores.project.apply({ type: 'choose', plan: plan.id })
              line.value = joinWords([plan.command, ...plan.args])
              variables.value = envText(plan.env)
              version.value = plan.version
            }}
          >
            <b>{plan.title}</b>
            <code class="cut">{[plan.command, ...plan.args].join(' ')}</code>
            <span>{plan.reason}</span>
            {plan.problem ? <span class="problem">{plan.problem}</span> : null}
          </button>
        ))}
      </div>
      <form
        class="override"
        onSubmit={(event) => {
          event.preventDefault()
          const plan = override()
          close()
          void runner.run(plan)
        }}
      >
        {versions.length > 1 ? (
          <>
            <label for="runtime-version">Version of its runtime</label>
            <select
              id="runtime-version"
              value={version.value ?? ''}
              onChange={(event) => {
                version.value = event.currentTarget.value || null
              }}
            >
              <option value="">the latest</option>
              {versions.map((each) => (
                <option key={each.version} value={each.version}>
                  {each.version}
                  {each.cached ? ', on this device' : ''}
                </option>
              ))}
            </select>
          </>
        ) : null}
        <label for="environment">Environment, one NAME=value a line</label>
        <textarea
          id="environment"
          class="mono"
          rows={3}
          spellcheck={false}
          autocomplete="off"
          placeholder="PORT=3000"
          aria-invalid={parsed.problem !== ''}
          value={variables.value}
          onInput={(event) => {
            variables.value = event.currentTarget.value
          }}
        />
        {parsed.problem ? (
          <p class="problem" role="alert">
            {parsed.problem}
          </p>
        ) : null}
        <label for="command-line">Command and arguments</label>
        <div class="override-line">
          <input
            id="command-line"
            class="mono"
            value={line.value}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => {
              line.value = event.currentTarget.value
            }}
          />
          {stores.project.own.value.overrides[chosen.id] ? (
            <button
              type="button"
              class="btn"
              title="Forgets the command and the variables that were typed here"
              onClick={() => {
                stores.project.apply({ type: 'as-found', plan: chosen.id })
                close()
              }}
            >
              As found
            </button>
          ) : null}
          <button
            type="button"
            class="btn"
            onClick={() => {
              override()
              close()
            }}
          >
            Use
          </button>
          <button type="submit" class="btn go">
            Run
          </button>
        </div>
      </form>
    </>
  )
}

export const RuntimeChip = () => {
  const { stores } = useUi()
  const project = stores.project.project.value
  const chosen = stores.project.chosen.value
  if (!project || !chosen) return null
  return (
    <Popover
      label={`Runtime ${chosen.title}. ${chosen.reason}`}
      class="chip pin"
      kind="dialog"
      button={
        <>
          {chosen.title} <small class="cut mono">{chosen.entry}</small>
        </>
      }
      content={(close) => <Choices plans={project.plans} chosen={chosen} close={close} />}
    />
  )
}
