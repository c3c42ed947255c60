/** The bar: what is open, what it runs on, Run, Stop and Restart. */
import { runCommand } from '../commands/commands.ts'
import { isMac } from '../commands/platform.ts'
import { DiskDoor } from '../disk/disk-door.tsx'
import { plural } from '../format.ts'
import { Icon, type IconName } from '../icon.tsx'
import { keysOf } from '../keys.ts'
import type { RunPlan } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { isSmall } from './media.ts'
import { Offline } from './offline.tsx'
import { Popover } from './popover.tsx'
import { RuntimeChip } from './runtime-chip.tsx'
import { ThemeButton } from './theme.tsx'
import { TrustChip } from './trust-chip.tsx'

const MENU: readonly [string, string][] = [
  ['open-folder', 'Open another folder…'],
  ['open-zip', 'Open another .zip…'],
  ['left-out', 'What was left out…'],
  ['export', 'Save as .zip'],
  ['storage', 'All projects…'],
  ['close-project', 'Close project'],
]

const ProjectMenu = () => {
  const ui = useUi()
  const project = ui.stores.project.project.value
  if (!project) return null
  const out = project.leftOut.length
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
        content={(close) =>
          MENU.filter(([id]) => id !== 'left-out' || out > 0).map(([id, words]) => (
            <button
              key={id}
              type="button"
              role="menuitem"
              class="menu-item"
              onClick={() => {
                close()
                runCommand(ui, id)
              }}
            >
              {words}
            </button>
          ))
        }
      />
      {out > 0 ? (
        <button type="button" class="chip only-wide" onClick={() => runCommand(ui, 'left-out')}>
          {plural(out, 'left out', 'left out')}
        </button>
      ) : null}
    </>
  )
}

/** Whether the program starts again when a file is changed here. */
const WatchSwitch = () => {
  const { stores } = useUi()
  const { apply, current } = stores.preferences
  const { watch } = current.value
  return (
    <button
      type="button"
      class="ib watch"
      aria-label="Run again on every change"
      aria-pressed={watch}
      title={watch ? 'Runs again when you change a file. Click to stop that.' : 'Run again on every change'}
      data-testid="watch"
      onClick={() => apply({ watch: !watch })}
    >
      <Icon name="loop" />
    </button>
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

export const Bar = () => {
  const ui = useUi()
  const button = (id: string, icon: IconName, words: string, title: string) => (
    <button type="button" class="ib" aria-label={words} title={title} onClick={() => runCommand(ui, id)}>
      <Icon name={icon} />
    </button>
  )
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: at the page's top level a header is a landmark and takes a name
    <header class="bar onboard" aria-label="Project" data-region>
      <span class="logo">
        <Icon name="mark" />
      </span>
      <Title />
      <ProjectMenu />
      <RuntimeChip />
      <TrustChip />
      <RunButtons place="bar" />
      <WatchSwitch />
      <span class="grow" />
      <Offline />
      <DiskDoor />
      {button('palette', 'find', 'All commands', `All commands (${keysOf('palette', isMac)})`)}
      {button('settings', 'gear', 'Settings', `Settings (${keysOf('settings', isMac)})`)}
      <span class="only-wide">{button('shortcuts', 'info', 'Keyboard shortcuts', 'Shortcuts (?)')}</span>
      <span class="only-wide">
        <ThemeButton isShort />
      </span>
    </header>
  )
}
