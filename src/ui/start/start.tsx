/** The start screen: a board with a socket for a project, what was opened left of it, the runtimes right, examples below. */
import { useSignal } from '@preact/signals'
import type { ProjectInfo } from '../../abi/project.ts'
import { hasFolderPicker, openExample, pickFolder } from '../bring/pick.ts'
import { formatBytes, formatDuration, plural } from '../format.ts'
import { lazy } from '../frame/lazy.tsx'
import { ThemeButton } from '../frame/theme.tsx'
import { Icon, type IconName } from '../icon.tsx'
import { FaultCard } from '../moments/fault-card.tsx'
import { useUi } from '../ui.ts'
import { columnHeight, pinCentre, tracePath } from './wires.ts'
import './start.css'
import { RuntimeSlots } from './runtime-slots.tsx'

const NAMES: Record<string, string> = {
  python: 'Python',
  javascript: 'JavaScript',
  rust: 'Rust',
  go: 'Go',
  tinygo: 'TinyGo',
  ruby: 'Ruby',
}
const languageName = (id: string): string => NAMES[id] ?? id

/** Kept projects on the board; all of them are in the storage page. */
const RECENT_SHOWN = 4

interface Wire {
  key: string
  /** Solid: nothing has to be fetched for it. */
  isHere: boolean
}

const keptWires = (projects: readonly ProjectInfo[]): Wire[] =>
  projects.slice(0, RECENT_SHOWN).map(({ id }) => ({ key: id, isHere: true }))

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
const ProjectMenu = lazy(async () => (await import('../projects/project-menu.tsx')).ProjectMenu, 'the menu')

const KeptSlot = ({ project }: { project: ProjectInfo }) => {
  const { bring, now } = useUi()
  const menu = useSignal<{ x: number; y: number } | null>(null)
  const { id, name, entries, bytes, state } = project
  const last = Math.max(project.opened, project.saved, project.created)
  const place = state === 'elsewhere' ? 'open in another tab' : `${formatDuration(now() - last)} ago`
  return (
    <div class="slot kept" data-testid="kept-project" data-project={name}>
      <Icon name="folder" />
      <button type="button" class="slot-open" onClick={() => void bring.restore(id, false)}>
        <span class="sr">Open </span>
        <b class="cut">{name}</b>
        <small class="cut">
          {plural(entries, 'entry', 'entries')}, {formatBytes(bytes)}, {place}
        </small>
      </button>
      <button
        type="button"
        class="ib"
        aria-label={`More for ${name}`}
        aria-haspopup="menu"
        onClick={(event) => {
          const { left, bottom } = event.currentTarget.getBoundingClientRect()
          menu.value = { x: left, y: bottom + 2 }
        }}
      >
        <Icon name="more" />
      </button>
      {menu.value ? (
        <ProjectMenu
          project={project}
          {...menu.value}
          close={() => {
            menu.value = null
          }}
        />
      ) : null}
    </div>
  )
}

const RecentProjects = () => {
  const { bring, kept, stores, now } = useUi()
  const projects = kept.list.value
  const isKept = kept.known.value
  const more = projects.length - RECENT_SHOWN
  return (
    <section class="side" aria-label="Recent projects">
      <h2>{isKept ? 'Your projects, kept in this browser' : 'Opened in this tab'}</h2>
      <div class="slots">
        {isKept && projects.length === 0 ? (
          <p class="slot empty">
            Nothing yet. What you open is kept in this browser by itself, with every change; your folder stays
            as it is.
          </p>
        ) : null}
        {!isKept && bring.recent.value.length === 0 ? (
          <p class="slot empty">
            Nothing yet. A project lives in this tab's memory; closing the tab lets it go, your folder stays
            as it is.
          </p>
        ) : null}
        {isKept
          ? projects.slice(0, RECENT_SHOWN).map((project) => <KeptSlot key={project.id} project={project} />)
          : bring.recent.value.map((entry) => (
              <button
                key={entry.name}
                type="button"
                class="slot"
                aria-label={`Open ${entry.name} again`}
                onClick={entry.again}
              >
                <Icon name={entry.kind === 'zip' ? 'zip' : 'folder'} />
                <span class="cut">
                  <b class="cut">{entry.name}</b>
                  <small class="cut">
                    {entry.language || 'nothing to run'}, {formatDuration(now() - entry.time)} ago
                  </small>
                </span>
              </button>
            ))}
        {more > 0 ? (
          <button
            type="button"
            class="btn"
            onClick={() => stores.dialogs.apply({ type: 'open', name: 'storage' })}
          >
            {plural(more, 'more project')}
          </button>
        ) : null}
      </div>
    </section>
  )
}

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
  const { bring, kept, stores } = useUi()
  const left: Wire[] = kept.known.value
    ? keptWires(kept.list.value)
    : bring.recent.value.map(({ name, runtime }) => ({
        key: name,
        isHere:
          runtime === null ||
          stores.runtimes.runtimes.value.some((other) => other.name === runtime && other.cached),
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
