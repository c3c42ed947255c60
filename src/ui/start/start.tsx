/** The start screen: a board with a socket for a project, what was opened left of it, the runtimes right, examples below. */
import { hasFolderPicker, openExample, pickFolder } from '../bring/pick.ts'
import { lazy } from '../frame/lazy.tsx'
import { Offline } from '../frame/offline.tsx'
import { ThemeButton } from '../frame/theme.tsx'
import { Icon, type IconName } from '../icon.tsx'
import { FaultCard } from '../moments/fault-card.tsx'
import { isHere } from '../projects/project-facts.ts'
import { type Ui, useUi } from '../ui.ts'
import { RECENT_SHOWN } from './recent-shown.ts'
import { columnHeight, pinCentre, tracePath } from './wires.ts'
import './start.css'
import { RuntimeSlots } from './runtime-slots.tsx'

const RecentProjects = lazy(
  async () => (await import('./recent-projects.tsx')).RecentProjects,
  'what you opened before',
)

const NAMES: Record<string, string> = {
  python: 'Python',
  javascript: 'JavaScript',
  rust: 'Rust',
  go: 'Go',
  tinygo: 'TinyGo',
  ruby: 'Ruby',
  c: 'C',
}
const languageName = (id: string): string => NAMES[id] ?? id

interface Wire {
  key: string
  /** Solid: nothing has to be fetched for it. */
  isHere: boolean
}

const keptWires = ({ kept, facts, stores }: Ui): Wire[] =>
  kept.list.value.slice(0, RECENT_SHOWN).map(({ id }) => ({
    key: id,
    isHere: isHere(facts.all.value.get(id), stores.runtimes.runtimes.value),
  }))

const Traces = ({
  wires,
  side,
  height,
}: {
  wires: readonly Wire[]
  side: 'left' | 'right'
  height: number
}) => (
  <svg class="traces only-wide" width="64" height={height} aria-hidden="true" focusable="false">
    {wires.map((wire, index) => (
      <path key={wire.key} class={wire.isHere ? '' : 'no'} d={tracePath(index, side)} />
    ))}
  </svg>
)

const Pins = ({ wires, side }: { wires: readonly Wire[]; side: 'left' | 'right' }) => (
  <span class={`pins only-wide ${side}`} aria-hidden="true">
    {wires.map((wire, index) => (
      <i key={wire.key} class={wire.isHere ? '' : 'no'} style={{ top: `${pinCentre(index) - 30 - 8}px` }} />
    ))}
  </span>
)

const BringCard = lazy(
  async () => (await import('../moments/bring-card.tsx')).BringCard,
  'what is being opened',
)
const Socket = ({ left, right }: { left: readonly Wire[]; right: readonly Wire[] }) => {
  const ui = useUi()
  const { bring, stores } = ui
  const state = bring.state.value
  const card = stores.notices.card.value
  const project = stores.project.project.value
  return (
    <section class="socket sheet" aria-label="Open a project" data-testid="socket">
      <Pins wires={left} side="left" />
      <Pins wires={right} side="right" />
      {state ? (
        <BringCard state={state} />
      ) : card ? (
        <FaultCard card={card} />
      ) : (
        <>
          <h2>Drop a folder, a .zip or a file</h2>
          <div class="acts">
            <button
              type="button"
              class="btn go big"
              onClick={() =>
                void pickFolder(ui).then((done) => done || document.getElementById('folder-input')?.click())
              }
            >
              <Icon name="folder" />
              Open folder
            </button>
            <button
              type="button"
              class="btn big"
              onClick={() => document.getElementById('zip-input')?.click()}
            >
              <Icon name="zip" />
              Open .zip
            </button>
          </div>
          <p>
            {project
              ? `Opening another project ends the programs of ${project.name}.`
              : hasFolderPicker()
                ? 'You work on a copy in this browser. Your folder is written only when you keep it in step.'
                : 'This browser cannot write to your folders. Drop one here to work on a copy, and save it as a .zip.'}
          </p>
        </>
      )}
    </section>
  )
}

const Examples = () => {
  const ui = useUi()
  const { examples, problem } = ui.gallery
  if (examples.value.length === 0 && problem.value === '') return null
  return (
    <section class="more" aria-label="Examples">
      <h2>Or try one</h2>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      <div class="tries">
        {examples.value.map((example) => (
          <button
            key={example.id}
            type="button"
            class="try"
            data-testid="example"
            data-example={example.id}
            onClick={() => openExample(ui, example)}
          >
            <b>{example.title}</b>
            <small>
              <span class="language">{languageName(example.language)}</span> {example.sentence}
            </small>
          </button>
        ))}
      </div>
    </section>
  )
}

const HeadButton = ({ id, icon, words }: { id: 'palette' | 'settings'; icon: IconName; words: string }) => {
  const { dialogs } = useUi().stores
  const open = (): void => dialogs.apply({ type: 'open', name: id })
  return (
    <button type="button" class="ib" aria-label={words} title={words} onClick={open}>
      <Icon name={icon} />
    </button>
  )
}

export const Start = () => {
  const ui = useUi()
  const { bring, kept, stores } = ui
  const left: Wire[] = kept.known.value
    ? keptWires(ui)
    : bring.recent.value.map(({ name, runtime }) => ({
        key: name,
        isHere: isHere({ runtime, version: null }, stores.runtimes.runtimes.value),
      }))
  const right: Wire[] = [
    ...stores.runtimes.runtimes.value.map(({ name, version, cached }) => ({
      key: `${name} ${version}`,
      isHere: cached,
    })),
    { key: 'wasm', isHere: true },
  ]
  const height = columnHeight(Math.max(left.length, right.length))
  return (
    <div class="start onboard">
      <header class="bar">
        <span class="logo">
          <Icon name="mark" />
        </span>
        <b>wasmrun OS</b>
        <span class="grow" />
        {crossOriginIsolated ? (
          <span class="chip only-wide">
            <Icon name="check" />
            Isolated: programs can run
          </span>
        ) : null}
        <Offline />
        <HeadButton id="palette" icon="find" words="All commands" />
        <HeadButton id="settings" icon="gear" words="Settings" />
        <ThemeButton />
      </header>
      <main class="board" id="main">
        <div class="hero">
          <h1>A computer in this tab</h1>
          <p>
            Open a project and run it here: Python, JavaScript, Rust or Go. Nothing is uploaded, nothing is
            installed.
          </p>
        </div>
        <div class="mount" style={{ '--column': `${height}px` }}>
          <RecentProjects />
          <Traces wires={left} side="left" height={height} />
          <Socket left={left} right={right} />
          <Traces wires={right} side="right" height={height} />
          <RuntimeSlots />
        </div>
        <Examples />
        <ul class="truth">
          <li>
            <Icon name="seal" />
            Programs run sealed: no network, no other files
          </li>
          <li>
            <Icon name="dl" />
            Runtimes are fetched once, checked and kept
          </li>
          <li>
            <Icon name="info" />
            JavaScript is QuickJS: no Node.js modules, no sockets yet
          </li>
        </ul>
      </main>
    </div>
  )
}
