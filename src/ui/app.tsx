/** The page: start screen or workbench, what lies over both, keys and drops. */
import { computed, effect, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { openDrop, openFiles, openFolderFiles } from './bring/pick.ts'
import { isMac } from './commands/platform.ts'
import { lazy } from './frame/lazy.tsx'
import { applyTheme } from './frame/theme.tsx'
import { actionOf } from './keys.ts'
import { Toasts } from './moments/fault-card.tsx'
import { Start } from './start/start.tsx'
import type { Ui } from './ui.ts'
import { useUi } from './ui.ts'
import './tokens.css'
import './base.css'
import './moments/moments.css'

const Workbench = lazy(async () => (await import('./frame/workbench.tsx')).Workbench, 'the workbench')
const Dialogs = lazy(async () => (await import('./frame/dialogs.tsx')).Dialogs, 'the dialog')

const isTextField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

/** What is not offered now is left to the browser: on the start screen F5 reloads. */
const useKeys = (): void => {
  const ui = useUi()
  useEffect(() => {
    // fetched at once, though after the first picture; keys pressed before are the browser's
    let runCommand: typeof import('./commands/commands.ts').runCommand = () => false
    import('./commands/commands.ts').then(
      (commands) => {
        runCommand = commands.runCommand
      },
      () => undefined,
    )
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.target instanceof Element && event.target.closest('dialog, [role=menu]')) return
      const action = actionOf(event, isMac, isTextField(event.target))
      if (!action) return
      // the browser would save the page
      if (!runCommand(ui, action) && action !== 'save') return
      event.preventDefault()
      event.stopPropagation()
    }
    // before the editor, which would take some of them for its own
    document.addEventListener('keydown', onKeyDown, true)
    return () => document.removeEventListener('keydown', onKeyDown, true)
  }, [ui])
}

/** What is edited and not in the machine would be lost with the page: the browser asks. */
const useLeaving = (): void => {
  const { files, stores } = useUi()
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent): void => {
      if (files.documents.dirty.value.size > 0) event.preventDefault()
    }
    window.addEventListener('beforeunload', onLeave)
    window.addEventListener('pagehide', stores.logs.keep)
    return () => {
      window.removeEventListener('beforeunload', onLeave)
      window.removeEventListener('pagehide', stores.logs.keep)
    }
  }, [files, stores])
}

/** A drop anywhere on the page opens what was dropped; the sign says what it replaces. */
const DropTarget = () => {
  const ui = useUi()
  const isOver = useSignal(false)
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      event.preventDefault()
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
      isOver.value = true
    }
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) isOver.value = false
    }
    const onDrop = (event: DragEvent): void => {
      isOver.value = false
      if (!event.dataTransfer || !hasFiles(event)) return
      event.preventDefault()
      openDrop(ui, event.dataTransfer)
    }
    document.addEventListener('dragover', onOver)
    document.addEventListener('dragleave', onLeave)
    document.addEventListener('drop', onDrop)
    return () => {
      document.removeEventListener('dragover', onOver)
      document.removeEventListener('dragleave', onLeave)
      document.removeEventListener('drop', onDrop)
    }
  }, [ui])
  const project = ui.stores.project.project.value
  if (!isOver.value) return null
  return (
    <div class="drop-here" aria-hidden="true">
      <b>Drop to open it here</b>
      {project ? <span>The programs of {project.name} end.</span> : null}
    </div>
  )
}

const uploadFiles = ({ files, operations }: Ui, list: FileList): void => {
  void operations.upload(files.uploadTo.value || files.root.value, Array.from(list))
  files.uploadTo.value = ''
}

/** The file inputs behind the buttons: browsers open them only from an element. */
const Inputs = () => {
  const ui = useUi()
  const input = (id: string, label: string, take: (ui: Ui, list: FileList) => void, attributes: object) => (
    <input
      type="file"
      id={id}
      data-testid={id}
      aria-label={label}
      hidden
      {...attributes}
      onChange={(event) => {
        const { files } = event.currentTarget
        if (files) take(ui, files)
        // the same file can be chosen again
        event.currentTarget.value = ''
      }}
    />
  )
  return (
    <>
      {input('folder-input', 'Folder', openFolderFiles, { webkitdirectory: true })}
      {input('zip-input', 'Archive or program', openFiles, {})}
      {input('upload-input', 'Files to upload', uploadFiles, { multiple: true })}
    </>
  )
}

export const App = () => {
  const { stores, bring } = useUi()
  const isWorkbench = useMemo(
    () => computed(() => stores.project.project.value !== null && bring.state.value === null),
    [stores, bring],
  )
  const dialog = stores.dialogs.open.value
  useKeys()
  useLeaving()
  useEffect(
    () => effect(() => applyTheme(stores.preferences.current.value.theme, document.documentElement)),
    [stores],
  )
  return (
    <>
      <a class="skip" href="#main">
        Skip to the project
      </a>
      {isWorkbench.value ? <Workbench /> : <Start />}
      <Inputs />
      <DropTarget />
      <Toasts />
      {dialog ? <Dialogs name={dialog} /> : null}
    </>
  )
}
