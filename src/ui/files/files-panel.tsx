/** The tree of the project's files. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { runCommand } from '../commands/commands.ts'
import { lazy } from '../frame/lazy.tsx'
import { rowHeight } from '../frame/media.ts'
import { adoptStyles } from '../frame/styles.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import styles from './files.lazy.css'
import { NameField } from './name-field.tsx'
import { type TreeRow, treeKey, typeAhead } from './tree.ts'
import { DeleteDialog, TreeMenu, type TreeSpot } from './tree-menu.tsx'

adoptStyles(styles)

const FindPanel = lazy(async () => (await import('./find-panel.tsx')).FindPanel, 'the search')

/** Milliseconds after which typed letters begin a new search. */
const TYPE_PAUSE = 700

const Tree = () => {
  const { files, stores } = useUi()
  const rows = files.rows.value
  const naming = files.naming.value
  const dirty = files.documents.dirty.value
  const spot = useSignal<TreeSpot | null>(null)
  const asked = useSignal<{ path: string; kind: string } | null>(null)
  const active = useSignal('')
  const hasFocus = useRef(false)
  const typed = useRef({ text: '', time: 0 })
  const box = useRef<HTMLDivElement>(null)
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
  const openMenu = (row: TreeRow | undefined, x: number, y: number): void => {
    spot.value = row
      ? { path: row.path, kind: row.kind, x, y }
      : { path: files.root.value, kind: 'directory', x, y }
  }
  const menuByKey = (): void => {
    const place = box.current?.querySelector('.row[tabindex="0"]')?.getBoundingClientRect()
    openMenu(rows[at], (place?.left ?? 0) + 48, place?.bottom ?? 0)
  }
  const change = (key: string): boolean => {
    const row = rows[at]
    if (!row) return false
    if (key === 'Delete') asked.value = { path: row.path, kind: row.kind }
    else if (key === 'F2')
      files.naming.value = { kind: row.kind === 'directory' ? row.kind : 'file', folder: '', path: row.path }
    else return false
    return true
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault()
      menuByKey()
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? height) / height) - 2)
    const act = treeKey(rows, at, event.key, page)
    if (act?.type === 'focus') active.value = rows[act.index]?.path ?? ''
    else if (act?.type === 'open') void files.openFolder(act.path)
    else if (act?.type === 'shut') files.shutFolder(act.path)
    else if (act?.type === 'activate') {
      const row = rows[at]
      if (row) activate(row)
    } else if (change(event.key)) {
      // done
    } else if (event.key.length === 1) search(event.key)
    else return
    event.preventDefault()
  }
  const draw = (index: number) => {
    const row = rows[index]
    if (!row) return null
    const isFolder = row.kind === 'directory'
    const hidden = isFolder && row.name.startsWith('.') ? 'quiet' : ''
    if (naming?.path === row.path) return <NameField key={row.path} naming={naming} depth={row.level - 1} />
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
        onContextMenu={(event) => {
          event.preventDefault()
          active.value = row.path
          openMenu(row, event.clientX, event.clientY)
        }}
        onFocus={() => {
          hasFocus.current = true
          active.value = row.path
        }}
      >
        <span class="twist">{isFolder ? <Icon name="right" /> : null}</span>
        <Icon name={isFolder ? 'folder' : 'file'} />
        <span class="cut">{row.name}</span>
        {row.kind === 'symlink' ? <span class="mark mono">link</span> : null}
        {dirty.has(row.path) ? <span class="mark edited mono">edited</span> : null}
      </div>
    )
  }
  const inRoot = naming?.path === null && naming.folder === files.root.value
  const newIn = naming?.path === null && !inRoot ? rows.find((row) => row.path === naming.folder) : undefined
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the room below the rows has the project's menu
    <div
      ref={box}
      class="tree-box"
      onFocusOut={(event) => {
        // a row that scrolls out of the document loses the focus to nothing: then the next active row gets it
        const next = event.relatedTarget
        if (next instanceof Node && !box.current?.contains(next)) hasFocus.current = false
      }}
      onContextMenu={(event) => {
        if (event.defaultPrevented) return
        event.preventDefault()
        openMenu(undefined, event.clientX, event.clientY)
      }}
    >
      {naming && inRoot ? <NameField naming={naming} depth={0} /> : null}
      {naming && newIn ? (
        <>
          <p class="naming-in cut">In {newIn.path.slice(files.root.value.length + 1)}</p>
          <NameField naming={naming} depth={0} />
        </>
      ) : null}
      {rows.length === 0 ? (
        <p class="nothing">This project has no files. New file makes the first one.</p>
      ) : null}
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
      {spot.value ? (
        <TreeMenu
          spot={spot.value}
          close={() => {
            spot.value = null
          }}
          ask={(entry) => {
            asked.value = entry
          }}
        />
      ) : null}
      {asked.value ? (
        <DeleteDialog
          {...asked.value}
          close={() => {
            asked.value = null
          }}
        />
      ) : null}
    </div>
  )
}

export const FilesPanel = () => {
  const ui = useUi()
  const { files } = ui
  const menu = useSignal<TreeSpot | null>(null)
  const isFinding = files.side.value === 'find'
  return (
    <section class="sheet files" aria-label="Files" data-region>
      <div class="head">
        <h2 class="grow">{isFinding ? 'Find' : 'Files'}</h2>
        {isFinding ? null : (
          <button
            type="button"
            class="ib"
            aria-label="New file"
            title="New file"
            onClick={() => runCommand(ui, 'new-file')}
          >
            <Icon name="plus" />
          </button>
        )}
        <button
          type="button"
          class="ib"
          aria-label={isFinding ? 'Back to the files' : 'Find in files'}
          title={isFinding ? 'Back to the files' : 'Find in files'}
          onClick={() => {
            files.side.value = isFinding ? 'tree' : 'find'
          }}
        >
          <Icon name={isFinding ? 'x' : 'find'} />
        </button>
        {isFinding ? null : (
          <button
            type="button"
            class="ib"
            aria-label="More for files"
            aria-haspopup="menu"
            title="New folder, upload, download"
            onClick={(event) => {
              const { left, bottom } = event.currentTarget.getBoundingClientRect()
              menu.value = { path: files.root.value, kind: 'directory', x: left, y: bottom + 4 }
            }}
          >
            <Icon name="more" />
          </button>
        )}
      </div>
      {isFinding ? <FindPanel /> : <Tree />}
      {menu.value ? (
        <TreeMenu
          spot={menu.value}
          close={() => {
            menu.value = null
          }}
          ask={() => undefined}
        />
      ) : null}
    </section>
  )
}
