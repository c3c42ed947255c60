/** The tree of the project's files. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { rowHeight } from '../frame/media.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import { type TreeRow, treeKey, typeAhead } from './tree.ts'
import './files.css'

/** Milliseconds after which typed letters begin a new search. */
const TYPE_PAUSE = 700

export const FilesPanel = () => {
  const { files, stores } = useUi()
  const rows = files.rows.value
  const active = useSignal('')
  const hasFocus = useRef(false)
  const typed = useRef({ text: '', time: 0 })
  const box = useRef<HTMLElement>(null)
  const height = rowHeight()
  const found = rows.findIndex((row) => row.path === active.value)
  const at = Math.max(0, found)

  /** The focus follows the active row, also when it is drawn only after the list has scrolled. */
  const follow = (element: HTMLElement | null): void => {
    const { activeElement } = document
    const mayFocus = activeElement === document.body || box.current?.contains(activeElement)
    if (element && hasFocus.current && mayFocus) element.focus({ preventScroll: true })
  }

  const activate = (row: TreeRow): void => {
    active.value = row.path
    if (row.kind !== 'directory') {
      void files.show(row.path)
      stores.preferences.apply({ small: 'view' })
    } else if (row.isOpen) files.shutFolder(row.path)
    else void files.openFolder(row.path)
  }
  const search = (key: string): void => {
    const now = performance.now()
    const text = now - typed.current.time < TYPE_PAUSE ? typed.current.text + key : key
    typed.current = { text, time: now }
    const next = rows[typeAhead(rows, at, text)]
    if (next) active.value = next.path
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? height) / height) - 2)
    const act = treeKey(rows, at, event.key, page)
    if (act?.type === 'focus') active.value = rows[act.index]?.path ?? ''
    else if (act?.type === 'open') void files.openFolder(act.path)
    else if (act?.type === 'shut') files.shutFolder(act.path)
    else if (act?.type === 'activate') {
      const row = rows[at]
      if (row) activate(row)
    } else if (event.key.length === 1) search(event.key)
    else return
    event.preventDefault()
  }
  const draw = (index: number) => {
    const row = rows[index]
    if (!row) return null
    const isFolder = row.kind === 'directory'
    const hidden = isFolder && row.name.startsWith('.') ? 'quiet' : ''
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys of all its rows
      <div
        key={row.path}
        class={`row ${isFolder ? 'folder' : ''} ${hidden}`}
        role="treeitem"
        aria-level={row.level}
        aria-setsize={row.siblings}
        aria-posinset={row.position}
        aria-selected={row.path === files.shown.value}
        {...(isFolder ? { 'aria-expanded': row.isOpen } : {})}
        tabIndex={index === at ? 0 : -1}
        ref={index === at ? follow : null}
        style={{ '--depth': row.level - 1, height: `${height}px` }}
        title={row.name}
        onClick={() => activate(row)}
        onFocus={() => {
          hasFocus.current = true
        }}
      >
        <span class="twist">{isFolder ? <Icon name="right" /> : null}</span>
        <Icon name={isFolder ? 'folder' : 'file'} />
        <span class="cut">{row.name}</span>
        {row.kind === 'symlink' ? <span class="mark mono">link</span> : null}
      </div>
    )
  }
  return (
    <section
      ref={box}
      class="sheet files"
      aria-label="Files"
      data-region
      onFocusOut={(event) => {
        // a row that scrolls out of the document loses the focus to nothing: then the next active row gets it
        const next = event.relatedTarget
        if (next instanceof Node && !box.current?.contains(next)) hasFocus.current = false
      }}
    >
      <div class="head">
        <span class="grow">Files</span>
      </div>
      {rows.length === 0 ? <p class="nothing">This project has no files.</p> : null}
      <VirtualRows
        class="tree"
        role="tree"
        aria-label="Project files"
        count={rows.length}
        height={height}
        row={draw}
        visible={found}
        onKeyDown={onKeyDown}
      />
    </section>
  )
}
