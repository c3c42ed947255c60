/** Puts the page together around a machine, and carries what the machine tells into the stores. */
import { effect } from '@preact/signals'
import type { Limits } from '../abi/limits.ts'
import type { Wasmrun } from '../sdk/types.ts'
import { createBring } from './bring/bring.ts'
import { createDiskLink } from './disk/disk-link.ts'
import { createFiles } from './files/files.ts'
import { giveDownload } from './files/give-download.ts'
import { createOperations } from './files/operations.ts'
import { messageOf } from './format.ts'
import { createMachineView } from './kernel/machine-view.ts'
import { runtimeNote } from './logs/log-feed.ts'
import { createKeptProjects } from './projects/kept-projects.ts'
import { createFactStore } from './projects/project-facts.ts'
import { browserFrame } from './run/output-pump.ts'
import { createRunner } from './run/runner.ts'
import { createGallery } from './start/gallery.ts'
import { PROJECT_ROOT } from './stores/project-store.ts'
import { createSettingsStore } from './stores/settings.ts'
import { createStores } from './stores/stores.ts'
import type { Ui } from './ui.ts'

const later = (callback: () => void, milliseconds: number): void => void setTimeout(callback, milliseconds)

const browserStorage = (get: () => Storage): Storage | null => {
  try {
    return get()
  } catch {
    return null
  }
}

/** Everything is ready to be drawn at once; the machine may still be starting. @param archive URL of the worker that unpacks */
export const createUi = (wasmrun: Wasmrun, archive: string): Ui => {
  const now = (): number => Date.now()
  const storage = browserStorage(() => localStorage)
  const stores = createStores({
    storage,
    nextFrame: browserFrame,
    later,
  })
  const files = createFiles({
    fs: wasmrun.fs,
    later,
    savesIdle: () => stores.preferences.current.value.autosave,
    failed: (text) => stores.notices.apply({ type: 'toast', kind: 'fault', text }),
  })
  const runner = createRunner({
    wasmrun,
    stores,
    now,
    nextFrame: browserFrame,
    before: () => files.documents.saveAll(),
  })
  const operations = createOperations({ fs: wasmrun.fs, files, notices: stores.notices, give: giveDownload })
  const session = browserStorage(() => sessionStorage)
  const kept = createKeptProjects({
    wasmrun,
    notices: stores.notices,
    session,
    give: giveDownload,
    zipNow: (name) => void operations.download(PROJECT_ROOT, 'directory', name),
    seeStorage: () => stores.dialogs.apply({ type: 'open', name: 'storage' }),
  })
  const setLimits = (limits: Limits): Promise<void> =>
    wasmrun.setLimits(limits, stores.project.chosen.value?.limits)
  const settings = createSettingsStore({ ...wasmrun.settings, setLimits })
  // What a project asks for counts while it is open. A machine that is gone is told of by itself.
  effect(() => void setLimits(settings.current.peek().limits).catch(() => undefined))
  const disk = createDiskLink({
    wasmrun,
    notices: stores.notices,
    options: () => {
      const { import: limits, defaultsOff } = settings.current.value
      // a project that came under raised limits stays under them
      const { fileBytes } = bring.plan.value?.limits ?? limits
      return { fileBytes, defaultsOff: [...defaultsOff] }
    },
  })
  const bring = createBring({
    wasmrun,
    disk,
    stores,
    files,
    runner,
    kept,
    storage,
    later,
    settings: () => settings.current.value,
    now,
    search: () => location.search,
    archive,
  })
  const gallery = createGallery((path, signal) =>
    fetch(new URL(path, document.baseURI), signal ? { signal } : {}),
  )
  const machine = createMachineView({
    wasmrun,
    stores,
    now,
    isVisible: () => !document.hidden,
    nextFrame: browserFrame,
  })
  const facts = createFactStore(browserStorage(() => localStorage))
  const ui: Ui = {
    wasmrun,
    stores,
    runner,
    files,
    operations,
    kept,
    disk,
    facts,
    settings,
    bring,
    machine,
    gallery,
    now,
  }
  listen(ui)
  effect(() => noteFacts(ui))
  wasmrun.on('project', ({ what, project }) => {
    if (what === 'taken' && project) void cards().then(({ tellTaken }) => tellTaken(ui, project))
  })
  void begin(ui)
  return ui
}

const listen = ({ wasmrun, stores, now }: Ui): void => {
  const note = (entry: ReturnType<typeof runtimeNote>): void => {
    if (entry) stores.logs.apply({ type: 'entry', entry: { time: now(), ...entry } })
  }
  wasmrun.on('save', ({ state, message }) => {
    if (message !== '')
      note({
        source: 'host',
        severity: state === 'failed' || state === 'full' ? 'error' : 'warning',
        text: message,
      })
  })
  wasmrun.on('process', (process) => stores.processes.apply({ type: 'process', process, time: now() }))
  wasmrun.on('exit', ({ pid, code, message }) =>
    stores.processes.apply({ type: 'exit', pid, code, signal: 0, message, time: now() }),
  )
  wasmrun.on('runtime', (progress) => {
    stores.runtimes.apply({ type: 'progress', progress, time: now() })
    note(runtimeNote(progress))
    // what could not be kept is worth a remark although the program starts; who cancelled or waits is told by the runner
    if (progress.message !== '' && progress.step !== 'failed' && progress.step !== 'cancelled')
      stores.console.apply({
        type: 'system',
        source: 'runtime',
        text: progress.message,
        time: now(),
        severity: 'warning',
      })
  })
  wasmrun.on('log', (entry) => {
    if (entry.severity !== 'warning' && entry.severity !== 'error') {
      stores.logs.apply({ type: 'entry', entry })
      return
    }
    const { source, text, time, severity } = entry
    stores.console.apply({ type: 'system', source, text, time, severity })
  })
  wasmrun.on('trust', ({ isSealed }) => stores.project.apply({ type: 'trust', isSealed }))
  // A link with ?sealed opens a page whose projects are sealed, one after the other.
  wasmrun.on('project', ({ what }) => {
    if (what === 'closed') void sealAsAsked(wasmrun)
  })
  wasmrun.on('update', (state) => stores.updates.apply({ type: 'state', state }))
  wasmrun.on('slow', ({ message }) => void cards().then(({ tellSlow }) => tellSlow(stores, message)))
  wasmrun.on('fault', ({ message }) => {
    stores.console.apply({ type: 'system', source: 'kernel', text: message, time: now(), severity: 'error' })
    tellLost(stores, message)
  })
}

/** Cards that few see. */
const cards = (): Promise<typeof import('./moments/rare-cards.ts')> => import('./moments/rare-cards.ts')

/** For the start screen of the next visit. */
const noteFacts = ({ stores, kept, disk, facts }: Ui): void => {
  const current = kept.current.value
  const project = stores.project.project.value
  const plan = stores.project.chosen.value
  const { folder, pending } = disk.status.value
  if (!current || !project) return
  const now = { language: plan?.title ?? '', runtime: plan?.runtime ?? null, version: plan?.version ?? null }
  // how it runs is found out a little later
  const before = project.isLooking ? facts.all.peek().get(current.id) : undefined
  const lost = project.kind === 'kept' ? project.leftOut.length : 0
  facts.note(current.id, { ...now, ...before, folder, pending, lost })
}

/** Refused only while a folder of the disk is in step, which no closed project has. */
const sealAsAsked = async ({ trust }: Wasmrun): Promise<void> => {
  if (new URLSearchParams(location.search).has('sealed')) await trust.seal().catch(() => undefined)
}

const tellLost = (stores: Ui['stores'], message: string): void =>
  stores.notices.apply({
    type: 'card',
    card: {
      title: 'The machine has stopped',
      facts: [
        { name: 'Cause', text: message },
        { name: 'Next', text: 'Reload the page for a new machine, then open the project again.' },
      ],
      actions: [{ label: 'Reload the page', primary: true, run: () => location.reload() }],
      detail: '',
    },
  })

const begin = async ({ wasmrun, stores, machine, gallery, kept, settings, bring }: Ui): Promise<void> => {
  void gallery.load()
  try {
    await wasmrun.ready
  } catch (error) {
    tellLost(stores, messageOf(error))
    return
  }
  await sealAsAsked(wasmrun)
  machine.start()
  // what cannot be read stays as it is meant to be
  void settings.load().catch(() => undefined)
  await kept.refresh()
  const before = kept.before()
  if (before !== '' && kept.list.value.some(({ id }) => id === before) && bring.state.value === null)
    void bring.restore(before)
  // fetched before the first project comes, so that a drop is read at once; a failure shows when it is needed
  import('./bring/reading.ts').catch(() => undefined)
  import('./frame/workbench.tsx').catch(() => undefined)
  const storage = await wasmrun
    .storage()
    .catch((error: unknown) => ({ works: false, message: messageOf(error) }))
  if (!storage.works) stores.notices.apply({ type: 'toast', kind: 'fault', text: storage.message })
  try {
    stores.runtimes.apply({ type: 'list', runtimes: await wasmrun.runtimes.list() })
  } catch (error) {
    stores.runtimes.apply({
      type: 'unlisted',
      message: `The runtimes could not be listed: ${messageOf(error)}`,
    })
  }
}
