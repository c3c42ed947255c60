/** What was opened before, left on the board: kept projects with how they stand, or what this tab had open. */
import { useSignal } from '@preact/signals'
import type { ProjectInfo } from '../../abi/project.ts'
import { formatBytes, formatDuration, plural } from '../format.ts'
import { lazy } from '../frame/lazy.tsx'
import { Icon } from '../icon.tsx'
import type { ProjectFacts } from '../projects/project-facts.ts'
import { useUi } from '../ui.ts'
import { RECENT_SHOWN } from './recent-shown.ts'

const ProjectMenu = lazy(async () => (await import('../projects/project-menu.tsx')).ProjectMenu, 'the menu')

/** What is not as it should be, else with which folder the project is in step. */
const Standing = ({ facts, entries }: { facts: ProjectFacts; entries: number }) => {
  const { folder, pending, lost } = facts
  if (lost > 0)
    return (
      <span
        class="tag warn"
        title={`${lost} of ${plural(entries, 'entry', 'entries')} could not be brought back`}
      >
        <Icon name="warn" />
        damaged
      </span>
    )
  if (folder === '') return null
  return pending > 0 ? (
    <span class="tag warn" title={`${plural(pending, 'change')} not on disk in ${folder}`}>
      {pending} not on disk
    </span>
  ) : (
    <span class="tag live" title={`In step with the folder ${folder} when it was last open`}>
      <Icon name="disk" />
      in step
    </span>
  )
}

const KeptSlot = ({ project }: { project: ProjectInfo }) => {
  const { bring, facts, now } = useUi()
  const menu = useSignal<{ x: number; y: number } | null>(null)
  const { id, name, entries, bytes, state } = project
  const last = Math.max(project.opened, project.saved, project.created)
  const place = state === 'elsewhere' ? 'open in another tab' : `${formatDuration(now() - last)} ago`
  const known = facts.all.value.get(id)
  return (
    <div class="slot kept" data-testid="kept-project" data-project={name}>
      <Icon name="folder" />
      <button type="button" class="slot-open" onClick={() => void bring.restore(id, false)}>
        <span class="sr">Open </span>
        <b class="cut">{name}</b>
        <small class="cut">
          {place}, {known?.language ? `${known.language}, ` : ''}
          {formatBytes(bytes)}
        </small>
      </button>
      {known ? <Standing facts={known} entries={entries} /> : null}
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

export const RecentProjects = () => {
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
