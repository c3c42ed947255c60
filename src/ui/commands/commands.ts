/**
 * Everything that can be done, with its words: keys, palette and menus all call these.
 *
 * Invariant: ids of commands with keys are those in keys.ts.
 */
import { pickFolder } from '../bring/pick.ts'
import { OVERVIEW } from '../files/files.ts'
import { messageOf } from '../format.ts'
import { moveRegion } from '../frame/regions.ts'
import type { Panel, Theme } from '../stores/preferences.ts'
import type { Ui } from '../ui.ts'

export interface Command {
  readonly id: string
  readonly words: string
  /** What it acts on, for the palette. */
  readonly group: 'Run' | 'File' | 'View' | 'Project' | 'Machine' | 'Help'
  /** Whether it can be done now. Absent: always. */
  isOffered?(ui: Ui): boolean
  run(ui: Ui): void
}

const hasProject = ({ stores }: Ui): boolean => stores.project.project.value !== null
const hasFile = ({ files }: Ui): boolean => files.shown.value !== OVERVIEW
const isRunning = ({ stores, runner }: Ui): boolean =>
  runner.runs.value.has(stores.project.chosen.value?.id ?? '')
const canRun = ({ stores }: Ui): boolean => (stores.project.chosen.value?.command ?? '') !== ''
const click = (id: string): void => document.getElementById(id)?.click()

const panel = (id: Panel, words: string): Command => ({
  id: `panel-${id}`,
  words: `Show ${words}`,
  group: 'View',
  isOffered: hasProject,
  run: ({ stores }) =>
    stores.preferences.apply({ panel: id, bottomShown: true, small: id === 'logs' ? 'console' : id }),
})

const theme = (id: Theme, words: string): Command => ({
  id: `theme-${id}`,
  words,
  group: 'View',
  isOffered: ({ stores }) => stores.preferences.current.value.theme !== id,
  run: ({ stores }) => stores.preferences.apply({ theme: id }),
})

const dialog = (
  id: 'palette' | 'settings' | 'runtimes' | 'storage' | 'shortcuts',
  words: string,
  group: Command['group'],
): Command => ({ id, words, group, run: ({ stores }) => stores.dialogs.apply({ type: 'open', name: id }) })

const withPlan = (ui: Ui, act: 'run' | 'stop' | 'restart'): void => {
  const plan = ui.stores.project.chosen.value
  if (plan) void ui.runner[act](plan)
}

const side = (ui: Ui, shown: 'tree' | 'find'): void => {
  ui.stores.preferences.apply({ filesShown: true, small: 'files' })
  ui.files.side.value = shown
}

const checkFiles = async ({ wasmrun, stores }: Ui): Promise<void> => {
  try {
    const found = await wasmrun.check()
    const text = found[0] ?? 'The filesystem was checked: everything is in order.'
    stores.notices.apply({ type: 'toast', kind: found.length > 0 ? 'fault' : 'live', text })
  } catch (error) {
    stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
  }
}

/** Says what it is now: a palette has no lamp. */
const toggleDiagnostic = async (
  { wasmrun, stores }: Ui,
  name: 'verbose' | 'debug' | 'strace',
): Promise<void> => {
  const now = wasmrun.diagnostics.get()
  const isOn = name === 'strace' ? now.strace.length > 0 : now[name]
  const words = {
    verbose: 'starts, ends and stops of programs are in Logs',
    debug: 'and the whole machine is checked after every exit; faults are in Logs',
    strace: 'the calls of programs that start from now on are in Logs',
  }
  const label = { verbose: 'Verbose', debug: 'Debug', strace: 'Tracing' }[name]
  try {
    await wasmrun.diagnostics.set(name === 'strace' ? { strace: isOn ? [] : ['all'] } : { [name]: !isOn })
    const text = isOn ? `${label} is off.` : `${label} is on: ${words[name]}.`
    stores.notices.apply({ type: 'toast', kind: 'info', text })
  } catch (error) {
    stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) })
  }
}

const live = ({ stores }: Ui) => stores.processes.rows.value.filter(({ state }) => state !== 'ended')

/** The process that is selected in Kernel, or the newest. */
const traceOne = (ui: Ui): void => {
  const rows = live(ui)
  const row = rows.find(({ pid }) => pid === ui.machine.selected.value) ?? rows.at(-1)
  if (!row) return
  ui.stores.preferences.apply({ panel: 'kernel', bottomShown: true, small: 'kernel' })
  ui.machine.trace(row.pid)
}

export const COMMANDS: readonly Command[] = [
  { id: 'run', words: 'Run', group: 'Run', isOffered: canRun, run: (ui) => withPlan(ui, 'run') },
  { id: 'stop', words: 'Stop', group: 'Run', isOffered: isRunning, run: (ui) => withPlan(ui, 'stop') },
  { id: 'restart', words: 'Restart', group: 'Run', isOffered: canRun, run: (ui) => withPlan(ui, 'restart') },
  {
    id: 'watch',
    words: 'Run again on every change: on or off',
    group: 'Run',
    isOffered: canRun,
    run: ({ stores }) => stores.preferences.apply({ watch: !stores.preferences.current.value.watch }),
  },
  {
    id: 'go-to-file',
    words: 'Go to file…',
    group: 'File',
    isOffered: hasProject,
    run: ({ stores }) => stores.dialogs.apply({ type: 'open', name: 'go-to-file' }),
  },
  {
    id: 'find-in-files',
    words: 'Find in files…',
    group: 'File',
    isOffered: hasProject,
    run: (ui) => side(ui, 'find'),
  },
  {
    id: 'save',
    words: 'Save',
    group: 'File',
    isOffered: hasFile,
    run: ({ files }) => void files.documents.save(files.shown.value),
  },
  {
    id: 'save-all',
    words: 'Save all',
    group: 'File',
    isOffered: ({ files }) => files.documents.dirty.value.size > 0,
    run: ({ files }) => void files.documents.saveAll(),
  },
  {
    id: 'close-tab',
    words: 'Close the file',
    group: 'File',
    isOffered: hasFile,
    run: ({ files }) => files.closeTab(files.shown.value),
  },
  {
    id: 'new-file',
    words: 'New file…',
    group: 'File',
    isOffered: hasProject,
    run: (ui) => {
      side(ui, 'tree')
      ui.files.naming.value = { kind: 'file', folder: ui.files.root.value, path: null }
    },
  },
  {
    id: 'new-folder',
    words: 'New folder…',
    group: 'File',
    isOffered: hasProject,
    run: (ui) => {
      side(ui, 'tree')
      ui.files.naming.value = { kind: 'directory', folder: ui.files.root.value, path: null }
    },
  },
  {
    id: 'upload',
    words: 'Upload files…',
    group: 'File',
    isOffered: hasProject,
    run: () => click('upload-input'),
  },
  {
    id: 'export',
    words: 'Save the project as .zip',
    group: 'Project',
    isOffered: hasProject,
    run: ({ files, stores, operations }) =>
      void operations.download(files.root.value, 'directory', stores.project.project.value?.name),
  },
  {
    id: 'open-folder',
    words: 'Open a folder…',
    group: 'Project',
    run: (ui) => void pickFolder(ui).then((done) => done || click('folder-input')),
  },
  { id: 'open-zip', words: 'Open a .zip or a program…', group: 'Project', run: () => click('zip-input') },
  {
    id: 'left-out',
    words: 'What was left out…',
    group: 'Project',
    isOffered: ({ stores }) => (stores.project.project.value?.leftOut.length ?? 0) > 0,
    run: ({ stores }) => stores.dialogs.apply({ type: 'open', name: 'left-out' }),
  },
  {
    id: 'close-project',
    words: 'Close the project',
    group: 'Project',
    isOffered: hasProject,
    run: ({ bring }) => void bring.close(),
  },
  {
    id: 'seal',
    words: 'Seal the project: strict limits, no folder of the disk',
    group: 'Project',
    isOffered: ({ stores }) => !stores.project.isSealed.value,
    run: ({ wasmrun, stores }) =>
      void wasmrun.trust.seal().catch((error: unknown) => {
        const text = `It was not sealed: ${messageOf(error)}`
        stores.notices.apply({ type: 'toast', kind: 'fault', text })
      }),
  },
  panel('console', 'Console'),
  panel('logs', 'Logs'),
  panel('kernel', 'Kernel'),
  {
    id: 'toggle-bottom',
    words: 'Show or hide the bottom panel',
    group: 'View',
    isOffered: hasProject,
    run: ({ stores: { preferences } }) =>
      preferences.apply({ bottomShown: !preferences.current.value.bottomShown, maximised: false }),
  },
  {
    id: 'toggle-files',
    words: 'Show or hide the files',
    group: 'View',
    isOffered: hasProject,
    run: ({ stores: { preferences } }) =>
      preferences.apply({ filesShown: !preferences.current.value.filesShown }),
  },
  {
    id: 'clear-console',
    words: 'Clear the console',
    group: 'View',
    isOffered: hasProject,
    run: ({ stores }) => stores.console.apply({ type: 'clear' }),
  },
  theme('dark', 'Dark theme'),
  theme('light', 'Light theme'),
  theme('system', 'Theme of the system'),
  { id: 'next-region', words: 'Next region', group: 'View', run: () => moveRegion(1) },
  { id: 'previous-region', words: 'Previous region', group: 'View', run: () => moveRegion(-1) },
  dialog('settings', 'Settings…', 'Machine'),
  dialog('runtimes', 'Runtimes…', 'Machine'),
  dialog('storage', 'Storage…', 'Machine'),
  { id: 'check', words: 'Check the filesystem', group: 'Machine', run: (ui) => void checkFiles(ui) },
  {
    id: 'check-update',
    words: 'Look for a new version',
    group: 'Machine',
    run: ({ wasmrun, stores }) =>
      void wasmrun.updates.check().then(
        ({ waiting }) => {
          const text = waiting ? 'A new version is here.' : 'This is the newest version.'
          stores.notices.apply({ type: 'toast', kind: 'info', text })
        },
        (error: unknown) => stores.notices.apply({ type: 'toast', kind: 'fault', text: messageOf(error) }),
      ),
  },
  {
    id: 'strace',
    words: 'Trace the system calls of a process (strace)',
    group: 'Machine',
    isOffered: (ui) => hasProject(ui) && live(ui).length > 0,
    run: traceOne,
  },
  {
    id: 'strace-all',
    words: 'Trace every program into Logs (strace): on or off',
    group: 'Machine',
    run: (ui) => void toggleDiagnostic(ui, 'strace'),
  },
  {
    id: 'verbose',
    words: 'Verbose log: on or off',
    group: 'Machine',
    run: (ui) => void toggleDiagnostic(ui, 'verbose'),
  },
  {
    id: 'debug',
    words: 'Debug (check the machine after every exit): on or off',
    group: 'Machine',
    run: (ui) => void toggleDiagnostic(ui, 'debug'),
  },
  {
    id: 'report',
    words: 'Save a report for a bug',
    group: 'Help',
    run: (ui) => void import('../logs/save-report.ts').then(({ saveReport }) => saveReport(ui)),
  },
  {
    id: 'disk',
    words: 'Disk: the folder in step…',
    group: 'Project',
    isOffered: hasProject,
    // after the palette has given the focus back
    run: () => setTimeout(() => click('disk-door')),
  },
  {
    id: 'disk-again',
    words: 'Disk: open the folder again',
    group: 'Project',
    isOffered: ({ disk }) =>
      disk.status.value.state === 'permission' || disk.status.value.state === 'vanished',
    run: ({ disk }) => void disk.again(),
  },
  {
    id: 'disk-scan',
    words: 'Disk: compare everything now',
    group: 'Project',
    isOffered: ({ disk }) => disk.status.value.state !== 'off',
    run: ({ disk }) => void disk.scan(),
  },
  {
    id: 'disk-disconnect',
    words: 'Disk: disconnect the folder',
    group: 'Project',
    isOffered: ({ disk }) => disk.status.value.state !== 'off',
    run: ({ disk }) => void disk.disconnect(),
  },
  dialog('shortcuts', 'Keyboard shortcuts', 'Help'),
  dialog('palette', 'All commands', 'Help'),
]

/** Does it when it can be done now. False when not. */
export const runCommand = (ui: Ui, id: string): boolean => {
  const command = COMMANDS.find((other) => other.id === id)
  if (!command || command.isOffered?.(ui) === false) return false
  command.run(ui)
  return true
}
