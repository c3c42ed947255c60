/** What this browser keeps for the page: projects, runtimes, the page itself; each with its size; and whether it has promised to keep them. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ProjectInfo } from '../../abi/project.ts'
import type { KeptFiles as Kept } from '../../sdk/types.ts'
import { formatBytes, formatDuration, formatShare, plural } from '../format.ts'
import { Icon } from '../icon.tsx'
import { DeleteProject, RenameProject } from '../projects/project-acts.tsx'
import { useUi } from '../ui.ts'
import { KeptFiles, useKept } from './kept-files.tsx'

const stateWords = ({ state, opened, saved }: ProjectInfo, now: number): string => {
  if (state === 'here') return 'open here'
  if (state === 'elsewhere') return 'open in another tab'
  const last = Math.max(opened, saved)
  return last === 0 ? 'never opened' : `opened ${formatDuration(now - last)} ago`
}

const Row = ({
  project,
  ask,
}: {
  project: ProjectInfo
  ask(what: 'rename' | 'delete', project: ProjectInfo): void
}) => {
  const { kept, bring, stores, now } = useUi()
  const { id, name } = project
  const button = (words: string, act: () => void, isDanger = false) => (
    <button
      type="button"
      class={`btn small ${isDanger ? 'danger' : ''}`}
      aria-label={`${words} ${name}`}
      onClick={act}
    >
      {words}
    </button>
  )
  return (
    <li data-testid="project-row" data-project={name}>
      <Icon name="folder" />
      <span class="grow">
        <b>{name}</b>
        <small>
          {plural(project.entries, 'entry', 'entries')}, {formatBytes(project.bytes)},{' '}
          {stateWords(project, now())}
        </small>
      </span>
      {project.state === 'here'
        ? null
        : button(project.state === 'elsewhere' ? 'Take over' : 'Open', () => {
            stores.dialogs.apply({ type: 'close' })
            void bring.restore(id, project.state === 'elsewhere')
          })}
      {button('Rename', () => ask('rename', project))}
      {button('Duplicate', () => void kept.duplicate(id))}
      {button('Save .zip', () => void kept.save(id))}
      {button('Delete', () => ask('delete', project), true)}
    </li>
  )
}

interface Part {
  readonly name: string
  readonly kind: string
  readonly bytes: number
}

/** What takes the room, the largest kinds first; what the browser counts beyond that (indexes, slack) is the rest. */
export const partsOf = (projects: number, files: readonly Kept[], usage: number): Part[] => {
  const sum = (kind: Kept['kind']): number =>
    files.reduce((total, each) => total + (each.kind === kind ? each.bytes : 0), 0)
  const parts: Part[] = [
    { name: 'Projects', kind: 'projects', bytes: projects },
    { name: 'Runtimes', kind: 'runtimes', bytes: sum('runtimes') },
    { name: 'Parts of downloads', kind: 'partial', bytes: sum('partial') },
    { name: 'This page', kind: 'page', bytes: sum('page') },
  ]
  const known = parts.reduce((total, { bytes }) => total + bytes, 0)
  parts.push({ name: 'The browser’s own', kind: 'rest', bytes: Math.max(0, usage - known) })
  return parts.filter(({ bytes }) => bytes > 0)
}

const Breakdown = ({ parts, usage }: { parts: readonly Part[]; usage: number }) => (
  <>
    <div class="meter split" aria-hidden="true">
      {parts.map(({ kind, bytes }) => (
        <i key={kind} class={kind} style={{ width: `${Math.min(100, (bytes / usage) * 100)}%` }} />
      ))}
    </div>
    <ul class="legend" aria-label="What takes the room">
      {parts.map(({ name, kind, bytes }) => (
        <li key={kind} data-testid="storage-part" data-kind={kind}>
          <i class={kind} aria-hidden="true" />
          {name} <span class="mono">{formatBytes(bytes)}</span>
        </li>
      ))}
    </ul>
  </>
)

export const StoragePage = () => {
  const { kept } = useUi()
  const asked = useSignal<{ what: 'rename' | 'delete'; project: ProjectInfo } | null>(null)
  useEffect(() => void kept.refresh(), [kept])
  const figures = kept.figures.value
  const projects = kept.list.value
  const bytes = projects.reduce((sum, project) => sum + project.bytes, 0)
  const { kept: files, refresh } = useKept()
  const share = figures && figures.quota > 0 ? Math.min(100, (figures.usage / figures.quota) * 100) : 0
  const changed = async (): Promise<void> => {
    await Promise.all([refresh(), kept.refresh()])
  }
  const close = (): void => {
    asked.value = null
  }
  return (
    <>
      {figures && figures.quota > 0 ? (
        <section aria-label="Room">
          <div class="bar-line">
            <span>
              {plural(projects.length, 'project')}, {formatBytes(bytes)}
            </span>
            <span class="mono">{formatShare(figures.usage, figures.quota)} of this browser</span>
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> in their own colours */}
          <div
            class="meter"
            role="meter"
            aria-label="Storage used"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(share)}
            aria-valuetext={formatShare(figures.usage, figures.quota)}
          >
            <i style={{ width: `${share}%` }} />
          </div>
          {figures.usage > 0 && files.value ? (
            <Breakdown parts={partsOf(bytes, files.value, figures.usage)} usage={figures.usage} />
          ) : null}
          <div class="bar-line">
            <span data-testid="persistence">
              {figures.isPersistent
                ? 'The browser keeps this until you delete it.'
                : 'The browser may clear this when the disk is full.'}
            </span>
            {figures.isPersistent ? null : (
              <button type="button" class="btn small" onClick={() => void kept.persist()}>
                Ask it to keep everything
              </button>
            )}
          </div>
        </section>
      ) : null}
      {kept.known.value ? null : (
        <p class="problem" role="alert">
          This browser keeps nothing for this page: private windows and blocked site data do that. Projects
          live in the tab; save them as .zip.
        </p>
      )}
      {projects.length === 0 && kept.known.value ? (
        <p>No project is kept yet. What you open or drop is kept by itself.</p>
      ) : null}
      <h3>Projects</h3>
      <ul class="things">
        {projects.map((project) => (
          <Row
            key={project.id}
            project={project}
            ask={(what, which) => {
              asked.value = { what, project: which }
            }}
          />
        ))}
      </ul>
      <h3>Beside the projects</h3>
      {files.value?.length === 0 ? <p>Nothing is kept beside the projects.</p> : null}
      <KeptFiles kept={files.value ?? []} changed={changed} />
      {asked.value?.what === 'rename' ? <RenameProject project={asked.value.project} close={close} /> : null}
      {asked.value?.what === 'delete' ? <DeleteProject project={asked.value.project} close={close} /> : null}
    </>
  )
}
