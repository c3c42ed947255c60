/** One field, a list below it: all commands, or all files of the project. Arrows choose, Enter does it. */
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { listFiles } from '../files/list-files.ts'
import { adoptStyles } from '../frame/styles.ts'
import { Icon, type IconName } from '../icon.tsx'
import { keysOf } from '../keys.ts'
import type { Ui } from '../ui.ts'
import { useUi } from '../ui.ts'
import { COMMANDS } from './commands.ts'
import styles from './palette.lazy.css'
import { isMac } from './platform.ts'
import { best } from './rank.ts'

adoptStyles(styles)

/** Entries drawn: nobody reads on, one more letter is quicker. */
const SHOWN = 60

interface Entry {
  readonly id: string
  readonly words: string
  readonly hint: string
  readonly icon: IconName
  run(): void
}

const commandEntries = (ui: Ui): Entry[] => {
  const { stores, runner, gallery } = ui
  const chosen = stores.project.chosen.value
  const entries: Entry[] = COMMANDS.filter(
    (command) => command.id !== 'palette' && command.isOffered?.(ui) !== false,
  ).map((command) => ({
    id: command.id,
    words: command.group === 'Help' ? command.words : `${command.group}: ${command.words}`,
    hint: keysOf(command.id, isMac),
    icon: command.group === 'Run' ? 'run' : command.group === 'File' ? 'file' : 'right',
    run: () => command.run(ui),
  }))
  for (const plan of stores.project.project.value?.plans ?? [])
    if (plan !== chosen && plan.command !== '')
      entries.push({
        id: `plan ${plan.id}`,
        words: `Run: ${plan.title} ${plan.entry}`,
        hint: '',
        icon: 'run',
        run: () => {
          stores.project.apply({ type: 'choose', plan: plan.id })
          void runner.run(plan)
        },
      })
  for (const example of gallery.examples.value)
    entries.push({
      id: `example ${example.id}`,
      words: `Example: ${example.title}`,
      hint: '',
      icon: 'zip',
      run: () => void import('../bring/pick.ts').then(({ openExample }) => openExample(ui, example)),
    })
  return entries
}

const fileEntry = (ui: Ui, path: string): Entry => ({
  id: path,
  words: path.slice(ui.files.root.value.length + 1),
  hint: ui.files.tabs.value.includes(path) ? 'open' : '',
  icon: 'file',
  run: () => {
    ui.stores.preferences.apply({ small: 'view' })
    void ui.files.show(path)
  },
})

/** Open files first, then all others as they are found. */
const useFileEntries = (isOn: boolean): { entries: Entry[]; problem: string } => {
  const ui = useUi()
  const paths = useSignal<readonly string[]>([])
  const problem = useSignal('')
  useEffect(() => {
    if (!isOn) return
    const abort = new AbortController()
    listFiles(ui.wasmrun.fs, ui.files.root.value, abort.signal).then(
      (found) => {
        const open = new Set(ui.files.tabs.value)
        paths.value = [...open, ...found.filter((path) => !open.has(path))]
      },
      (error: unknown) => {
        if (!abort.signal.aborted) problem.value = String(error)
      },
    )
    return () => abort.abort()
  }, [isOn])
  return { entries: paths.value.map((path) => fileEntry(ui, path)), problem: problem.value }
}

export const Palette = ({ kind, close }: { kind: 'commands' | 'files'; close(): void }) => {
  const ui = useUi()
  const element = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const typed = useSignal('')
  const at = useSignal(0)
  // Anew each time: what is offered changes while it is open, as with a program that starts.
  const commands = kind === 'commands' ? commandEntries(ui) : []
  const files = useFileEntries(kind === 'files')
  const all = kind === 'commands' ? commands : files.entries
  const shown = best(typed.value, all, ({ words }) => words, SHOWN)
  const current = Math.min(at.value, Math.max(0, shown.length - 1))
  // Before it is drawn: an Esc in the frame between would go nowhere.
  useLayoutEffect(() => {
    const before = document.activeElement
    element.current?.showModal()
    return () => {
      element.current?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  useEffect(() => {
    list.current?.children[current]?.scrollIntoView({ block: 'nearest' })
  }, [current, shown.length])
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return
    close()
    // the focus goes back first, then the command may move it
    queueMicrotask(() => setTimeout(entry.run))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) at.value = (current + step + shown.length) % Math.max(1, shown.length)
    else if (event.key === 'Enter') choose(shown[current])
    else return
    event.preventDefault()
  }
  const title = kind === 'commands' ? 'All commands' : 'Go to file'
  return (
    <dialog
      ref={element}
      class="dialog sheet palette"
      aria-label={title}
      data-testid="palette"
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClose={() => {
        // Chromium 156 closes a dialog without asking when nothing was clicked or typed since the last Esc
        if (element.current) close()
      }}
      onClick={(event) => {
        if (event.target === element.current) close()
      }}
      onKeyDown={onKeyDown}
    >
      <div class="palette-field">
        <Icon name="find" />
        <input
          type="text"
          role="combobox"
          aria-label={title}
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={shown.length > 0 ? `palette-${current}` : undefined}
          aria-autocomplete="list"
          placeholder={kind === 'commands' ? 'What should be done?' : 'Name of a file'}
          spellcheck={false}
          autocomplete="off"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value
            at.value = 0
          }}
        />
      </div>
      <div class="palette-list" id="palette-list" role="listbox" aria-label={title} ref={list}>
        {shown.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={entry.id}
            id={`palette-${index}`}
            class="palette-entry"
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            onClick={() => choose(entry)}
            onPointerMove={() => {
              at.value = index
            }}
          >
            <Icon name={entry.icon} />
            <span class="cut grow">{entry.words}</span>
            {entry.hint ? <kbd>{entry.hint}</kbd> : null}
          </div>
        ))}
      </div>
      {shown.length === 0 ? (
        <p class="palette-none" role="status">
          {files.problem ||
            (all.length === 0 && kind === 'files' ? 'Looking for files…' : 'Nothing has that name.')}
        </p>
      ) : null}
    </dialog>
  )
}
