/** The page: start screen or workbench, what lies over both, keys and drops. */
import { computed, effect, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { openDrop, openFiles, openFolderFiles } from './bring/pick.ts'
import { Dialog } from './frame/dialog.tsx'
import { applyTheme } from './frame/theme.tsx'
import { Workbench } from './frame/workbench.tsx'
import { actionOf, type KeyAction, keysText, SHORTCUTS } from './keys.ts'
import { Toasts } from './moments/fault-card.tsx'
import { Start } from './start/start.tsx'
import type { Ui } from './ui.ts'
import { useUi } from './ui.ts'
import './tokens.css'
import './base.css'
import './moments/moments.css'

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

const isTextField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

/** Moves the focus to the next part of the page, round and round. */
const moveRegion = (step: 1 | -1): void => {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (region) => region.offsetParent !== null,
  )
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions[(at + step + regions.length) % regions.length]
  const target = next?.querySelector<HTMLElement>(
    '[tabindex="0"], button:not([tabindex="-1"]), input, select, a[href]',
  )
  target?.focus()
}

const act = (ui: Ui, action: KeyAction, showShortcuts: () => void): void => {
  const { stores, runner } = ui
  const { apply, current } = stores.preferences
  const plan = stores.project.chosen.value
  if (action === 'next-region') moveRegion(1)
  else if (action === 'previous-region') moveRegion(-1)
  else if (action === 'shortcuts') showShortcuts()
  else if (action === 'toggle-bottom') apply({ bottomShown: !current.value.bottomShown, maximised: false })
  else if (action === 'toggle-files') apply({ filesShown: !current.value.filesShown })
  else if (action === 'panel-console') apply({ panel: 'console', bottomShown: true })
  else if (action === 'panel-logs') apply({ panel: 'logs', bottomShown: true })
  else if (action === 'panel-kernel') apply({ panel: 'kernel', bottomShown: true })
  else if (plan && action === 'run') void runner.run(plan)
  else if (plan && action === 'stop') void runner.stop(plan)
  else if (plan && action === 'restart') void runner.restart(plan)
}

/** Keys work in the workbench only: on the start screen F5 is the browser's. */
const useKeys = (isWorkbench: boolean, showShortcuts: () => void): void => {
  const ui = useUi()
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const action = actionOf(event, isMac, isTextField(event.target))
      if (!action || (!isWorkbench && action !== 'shortcuts')) return
      event.preventDefault()
      act(ui, action, showShortcuts)
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [ui, isWorkbench, showShortcuts])
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
      {project ? <span>The programs of {project.name} end and its copy in this tab is let go.</span> : null}
    </div>
  )
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
    </>
  )
}

const Shortcuts = ({ close }: { close(): void }) => (
  <Dialog
    title="Shortcuts"
    close={close}
    footer={
      <button type="button" class="btn go" data-safe onClick={close}>
        Close
      </button>
    }
  >
    <dl class="shortcuts">
      {SHORTCUTS.map(({ keys, words }) => (
        <>
          <dt>
            <kbd>{keysText(keys, isMac)}</kbd>
          </dt>
          <dd>{words}</dd>
        </>
      ))}
    </dl>
  </Dialog>
)

export const App = () => {
  const { stores, bring } = useUi()
  const shortcuts = useSignal(false)
  const isWorkbench = useMemo(
    () => computed(() => stores.project.project.value !== null && bring.state.value === null),
    [stores, bring],
  )
  const showShortcuts = useMemo(
    () => () => {
      shortcuts.value = true
    },
    [],
  )
  useKeys(isWorkbench.value, showShortcuts)
  useEffect(
    () => effect(() => applyTheme(stores.preferences.current.value.theme, document.documentElement)),
    [stores],
  )
  return (
    <>
      <a class="skip" href="#main">
        Skip to the project
      </a>
      {isWorkbench.value ? <Workbench showShortcuts={showShortcuts} /> : <Start />}
      <Inputs />
      <DropTarget />
      <Toasts />
      {shortcuts.value ? (
        <Shortcuts
          close={() => {
            shortcuts.value = false
          }}
        />
      ) : null}
    </>
  )
}
