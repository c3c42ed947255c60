/** The workbench: bar, files, view, bottom panel, strip. Under 720 px one of them at a time. */

import { ConsolePanel } from '../console/console-panel.tsx'
import { DiskNews } from '../disk/disk-news.tsx'
import { FileView } from '../files/file-view.tsx'
import { OVERVIEW } from '../files/files.ts'
import { FilesPanel } from '../files/files-panel.tsx'
import { Overview } from '../files/overview.tsx'
import { baseName } from '../format.ts'
import { Icon, type IconName } from '../icon.tsx'
import { DownloadCard } from '../moments/download-card.tsx'
import { FaultCard } from '../moments/fault-card.tsx'
import { DEFAULTS, LIMITS, type Panel, type SmallPanel } from '../stores/preferences.ts'
import { useUi } from '../ui.ts'
import { Bar } from './bar.tsx'
import styles from './frame.lazy.css'
import { lazy } from './lazy.tsx'
import { isSmall } from './media.ts'
import { Splitter } from './splitter.tsx'
import { Strip } from './strip.tsx'
import { adoptStyles } from './styles.ts'
import { Tabs, tabId } from './tabs.tsx'

adoptStyles(styles)

const KernelPanel = lazy(async () => (await import('../kernel/kernel-panel.tsx')).KernelPanel, 'Kernel')
const LogsPanel = lazy(async () => (await import('../logs/logs-panel.tsx')).LogsPanel, 'Logs')

const PANELS: readonly { id: Panel; label: string }[] = [
  { id: 'console', label: 'Console' },
  { id: 'logs', label: 'Logs' },
  { id: 'kernel', label: 'Kernel' },
]

const SMALL: readonly { id: SmallPanel; label: string; icon: IconName }[] = [
  { id: 'files', label: 'Files', icon: 'folder' },
  { id: 'view', label: 'View', icon: 'file' },
  { id: 'console', label: 'Console', icon: 'term' },
  { id: 'kernel', label: 'Kernel', icon: 'mark' },
]

/** The download the chosen plan waits for, or the last fault. */
const Moment = () => {
  const { stores, runner } = useUi()
  const plan = stores.project.chosen.value
  const download = plan?.runtime ? stores.runtimes.download(plan.runtime, plan.version) : undefined
  const isWaiting = plan && (runner.runs.value.has(plan.id) || download?.step === 'failed')
  const card = stores.notices.card.value
  if (download && isWaiting)
    return (
      <section class="sheet moment" aria-label="Download">
        <DownloadCard download={download} plan={plan} />
      </section>
    )
  if (!card) return null
  return (
    <section class="sheet moment" aria-label="What went wrong">
      <FaultCard card={card} />
    </section>
  )
}

const View = () => {
  const { files, stores } = useUi()
  const shown = files.shown.value
  const project = stores.project.project.value
  const items = [
    { id: OVERVIEW, label: project?.name ?? '' },
    ...files.tabs.value.map((path) => ({
      id: path,
      label: baseName(path),
      closable: true,
      ...(files.documents.dirty.value.has(path)
        ? { badge: <span class="dirty" role="img" aria-label="not saved" title="Not saved yet" /> }
        : {}),
    })),
  ]
  return (
    <section class="sheet" aria-label="View" data-region>
      <Tabs
        label="Open files"
        prefix="view"
        items={items}
        selected={shown}
        select={(path) => void files.show(path)}
        close={files.closeTab}
      >
        {shown === OVERVIEW ? null : (
          <>
            <button
              type="button"
              class="ib"
              aria-label={`Close ${baseName(shown)}`}
              onClick={() => files.closeTab(shown)}
            >
              <Icon name="x" />
            </button>
          </>
        )}
      </Tabs>
      <div class="panel" id="view-panel" role="tabpanel" aria-labelledby={tabId('view', shown)}>
        {shown === OVERVIEW ? <Overview /> : <FileView path={shown} />}
      </div>
    </section>
  )
}

const Bottom = () => {
  const { stores } = useUi()
  const { apply, current } = stores.preferences
  const { panel, small, maximised } = current.value
  // a small screen has Logs behind its Console
  const atConsole: Panel = panel === 'logs' ? panel : 'console'
  const shown: Panel = !isSmall.value ? panel : small === 'kernel' ? small : atConsole
  const processes = stores.processes.rows.value.filter((row) => row.state !== 'ended').length
  const faults = stores.logs.entries.value.filter((entry) => entry.severity === 'error').length
  const badge = (id: Panel) => {
    if (id === 'kernel' && processes > 0) return <span class="count">{processes}</span>
    if (id === 'logs' && faults > 0) return <span class="count bad">{faults}</span>
    return null
  }
  return (
    <section class="sheet bottom" aria-label="Machine panels" data-region>
      <Tabs
        label="Machine panels"
        prefix="machine"
        items={PANELS.map((item) => ({ ...item, badge: badge(item.id) }))}
        selected={shown}
        select={(id) => {
          const next = PANELS.find((item) => item.id === id)?.id ?? 'console'
          apply({ panel: next, small: next === 'logs' ? 'console' : next })
        }}
      >
        <button
          type="button"
          class="ib only-wide"
          aria-label="Maximise panel"
          aria-pressed={maximised}
          onClick={() => apply({ maximised: !maximised })}
        >
          <Icon name="max" />
        </button>
        <button
          type="button"
          class="ib only-wide"
          aria-label="Hide panel"
          title="Hide (Ctrl J)"
          onClick={() => apply({ bottomShown: false, maximised: false })}
        >
          <Icon name="x" />
        </button>
      </Tabs>
      {/* the console stays drawn: its size is the terminal's */}
      <div
        class="panel"
        hidden={shown !== 'console'}
        id={shown === 'console' ? 'machine-panel' : undefined}
        role="tabpanel"
        aria-labelledby="machine-tab-console"
      >
        <ConsolePanel />
      </div>
      {shown === 'console' ? null : (
        <div class="panel" id="machine-panel" role="tabpanel" aria-labelledby={`machine-tab-${shown}`}>
          {shown === 'kernel' ? <KernelPanel /> : <LogsPanel />}
        </div>
      )}
    </section>
  )
}

export const Workbench = () => {
  const { stores } = useUi()
  const { apply, current } = stores.preferences
  const { filesWidth, bottomHeight, filesShown, bottomShown, maximised, small } = current.value
  const classes = [
    'workbench',
    `small-${small}`,
    filesShown ? '' : 'no-files',
    bottomShown ? '' : 'no-bottom',
    maximised ? 'maximised' : '',
  ]
  return (
    <div
      class={classes.join(' ')}
      style={{ '--w-files': `${filesWidth}px`, '--h-bottom': `${bottomHeight}px` }}
    >
      <Bar />
      <DiskNews />
      <main class="body" id="main">
        <FilesPanel />
        <Splitter
          label="Resize files"
          orientation="vertical"
          value={filesWidth}
          limits={LIMITS.filesWidth}
          direction={1}
          set={(value) => apply({ filesWidth: value })}
          reset={() => apply({ filesWidth: DEFAULTS.filesWidth })}
          collapse={() => apply({ filesShown: false })}
        />
        <div class="main">
          <div class="pair">
            <View />
            <Moment />
          </div>
          <Splitter
            label="Resize bottom panel"
            orientation="horizontal"
            value={bottomHeight}
            limits={LIMITS.bottomHeight}
            direction={-1}
            set={(value) => apply({ bottomHeight: value })}
            reset={() => apply({ bottomHeight: DEFAULTS.bottomHeight })}
            collapse={() => apply({ bottomShown: false })}
          />
          <Bottom />
        </div>
      </main>
      <Strip />
      <nav class="small-tabs only-small onboard" aria-label="Panels">
        {SMALL.map(({ id, label, icon }) => (
          <button
            key={id}
            type="button"
            class="small-tab"
            aria-current={small === id ? 'page' : undefined}
            onClick={() =>
              apply(id === 'console' || id === 'kernel' ? { small: id, panel: id } : { small: id })
            }
          >
            <Icon name={icon} />
            {label}
          </button>
        ))}
      </nav>
    </div>
  )
}
