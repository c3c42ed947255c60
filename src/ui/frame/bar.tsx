/** The bar: what is open, what it runs on, Run, Stop and Restart. */
import { useSignal } from '@preact/signals'
import { pickFolder } from '../bring/pick.ts'
import { plural } from '../format.ts'
import { Icon } from '../icon.tsx'
import { LeftOutDialog } from '../moments/left-out.tsx'
import type { RunPlan } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { isSmall } from './media.ts'
import { Popover } from './popover.tsx'
import { RuntimeChip } from './runtime-chip.tsx'
import { ThemeButton } from './theme.tsx'

const ProjectMenu = () => {
  const ui = useUi()
  const { stores, bring } = ui
  const showsLeftOut = useSignal(false)
  const project = stores.project.project.value
  if (!project) return null
  return (
    <>
      <Popover
        label={`Project ${project.name}`}
        class="project-name"
        kind="menu"
        button={
          <>
            <span class="cut">{project.name}</span>
            <Icon name="down" />
          </>
        }
        content={(close) => {
          const item = (words: string, act: () => void) => (
            <button
              type="button"
              role="menuitem"
              class="menu-item"
              onClick={() => {
                close()
                act()
              }}
            >
              {words}
            </button>
          )
          return (
            <>
              {item('Open another folder…', () => {
                void pickFolder(ui).then((done) => done || document.getElementById('folder-input')?.click())
              })}
              {item('Open another .zip…', () => document.getElementById('zip-input')?.click())}
              {project.leftOut.length > 0
                ? item(`What was left out (${project.leftOut.length})…`, () => {
                    showsLeftOut.value = true
                  })
                : null}
              {item('Close project', () => void bring.close())}
            </>
          )
        }}
      />
      {project.leftOut.length > 0 ? (
        <button
          type="button"
          class="chip only-wide"
          onClick={() => {
            showsLeftOut.value = true
          }}
        >
          {plural(project.leftOut.length, 'left out', 'left out')}
        </button>
      ) : null}
      {showsLeftOut.value ? (
        <LeftOutDialog
          entries={project.leftOut}
          close={() => {
            showsLeftOut.value = false
          }}
        />
      ) : null}
    </>
  )
}

/** @param place tells the buttons of the bar and of the overview apart */
export const RunButtons = ({ place }: { place: 'bar' | 'overview' }) => {
  const id = (name: string): string => (place === 'bar' ? name : `overview-${name}`)
  const { stores, runner } = useUi()
  const plan = stores.project.chosen.value
  /** On a small screen the console takes over once the program runs. */
  const start = async (chosen: RunPlan): Promise<void> => {
    await runner.run(chosen)
    if (isSmall.value && runner.runs.value.has(chosen.id))
      stores.preferences.apply({ small: 'console', panel: 'console' })
  }
  const run = plan ? runner.runs.value.get(plan.id) : undefined
  if (!plan || plan.command === '') {
    const reason = plan?.problem || 'Nothing in this project can be run yet.'
    return (
      <button type="button" class="btn" aria-disabled="true" title={reason} data-testid={id('run')}>
        <Icon name="run" />
        Nothing to run
      </button>
    )
  }
  if (!run)
    return (
      <button
        type="button"
        class="btn go"
        title={`Run ${[plan.command, ...plan.args].join(' ')} (F5)`}
        data-testid={id('run')}
        onClick={() => void start(plan)}
      >
        <Icon name="run" />
        Run
      </button>
    )
  return (
    <>
      <button
        type="button"
        class="btn"
        data-testid={id('stop')}
        title="Stop (Shift F5)"
        onClick={() => void runner.stop(plan)}
      >
        <Icon name="stop" />
        {run.state === 'preparing' ? (
          <>
            <span class="only-wide">Starts when ready</span>
            <span class="only-small">Waits</span>
          </>
        ) : run.state === 'stopping' ? (
          'Stopping'
        ) : (
          'Stop'
        )}
      </button>
      {run.state === 'running' ? (
        <button
          type="button"
          class="ib"
          aria-label="Restart"
          title="Restart (Ctrl Shift F5)"
          data-testid={id('restart')}
          onClick={() => void runner.restart(plan)}
        >
          <Icon name="restart" />
        </button>
      ) : null}
    </>
  )
}

const Title = () => {
  const { stores } = useUi()
  return <h1 class="sr">{stores.project.project.value?.name} in wasmrun OS</h1>
}

export const Bar = ({ showShortcuts }: { showShortcuts(): void }) => (
  // biome-ignore lint/a11y/useAriaPropsSupportedByRole: at the page's top level a header is a landmark and takes a name
  <header class="bar onboard" aria-label="Project" data-region>
    <span class="logo">
      <Icon name="mark" />
    </span>
    <Title />
    <ProjectMenu />
    <RuntimeChip />
    <RunButtons place="bar" />
    <span class="grow" />
    <button
      type="button"
      class="ib only-wide"
      aria-label="Keyboard shortcuts"
      title="Shortcuts (?)"
      onClick={showShortcuts}
    >
      <Icon name="info" />
    </button>
    <ThemeButton isShort />
  </header>
)
