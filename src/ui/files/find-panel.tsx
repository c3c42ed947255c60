/** Find in files: the question, and the places below their files. Enter or a click goes there. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { formatCount, messageOf, plural } from '../format.ts'
import { rowHeight } from '../frame/media.ts'
import { adoptStyles } from '../frame/styles.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { Icon } from '../icon.tsx'
import { browserFrame } from '../run/output-pump.ts'
import { useUi } from '../ui.ts'
import styles from './find.lazy.css'
import { type FileHits, FOUND_MAX, type Hit, searchFiles } from './search.ts'

adoptStyles(styles)

/** Milliseconds after the last key before the search begins. */
const TYPE_PAUSE = 200

type Row = { kind: 'file'; path: string; count: number } | { kind: 'hit'; path: string; hit: Hit }

export const FindPanel = () => {
  const { wasmrun, files, stores } = useUi()
  const field = useRef<HTMLInputElement>(null)
  const text = useSignal('')
  const matchesCase = useSignal(false)
  const wholeWords = useSignal(false)
  const found = useSignal<readonly FileHits[]>([])
  const state = useSignal('')
  const active = useSignal(0)
  useEffect(() => field.current?.focus(), [])
  useEffect(() => {
    const abort = new AbortController()
    const query = { text: text.value, matchesCase: matchesCase.value, wholeWords: wholeWords.value }
    found.value = []
    active.value = 0
    state.value = ''
    if (query.text === '') return
    const search = async (): Promise<void> => {
      await files.documents.saveAll()
      const isWhole = await searchFiles(query, {
        fs: wasmrun.fs,
        root: files.root.value,
        signal: abort.signal,
        pause: browserFrame,
        found: (hits) => {
          found.value = [...found.value, hits]
        },
        progress: (at) => {
          state.value = `Looked through ${formatCount(at.files)} of ${plural(at.allFiles, 'file')}…`
        },
      })
      const places = found.value.reduce((sum, { hits }) => sum + hits.length, 0)
      state.value = isWhole
        ? `${plural(places, 'place')} in ${plural(found.value.length, 'file')}`
        : `More than ${formatCount(FOUND_MAX)} places; the first are shown`
    }
    const timer = setTimeout(() => {
      search().catch((error: unknown) => {
        if (!abort.signal.aborted) state.value = messageOf(error)
      })
    }, TYPE_PAUSE)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [text.value, matchesCase.value, wholeWords.value])
  const rows: Row[] = found.value.flatMap(({ path, hits }): Row[] => [
    { kind: 'file', path, count: hits.length },
    ...hits.map((hit): Row => ({ kind: 'hit', path, hit })),
  ])
  const go = (row: Row | undefined): void => {
    if (!row) return
    if (row.kind === 'hit') {
      const { line, column, length } = row.hit
      files.target.value = { path: row.path, line, column, length }
    }
    stores.preferences.apply({ small: 'view' })
    void files.show(row.path)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) active.value = Math.max(0, Math.min(rows.length - 1, active.value + step))
    else if (event.key === 'Enter') go(rows[active.value])
    else return
    event.preventDefault()
  }
  const height = rowHeight()
  const draw = (index: number) => {
    const row = rows[index]
    if (!row) return null
    const name = row.path.slice(files.root.value.length + 1)
    const common = {
      id: `found-${index}`,
      role: 'option',
      tabIndex: -1,
      'aria-selected': index === active.value,
      style: { height: `${height}px` },
      onClick: () => {
        active.value = index
        go(row)
      },
    } as const
    if (row.kind === 'file')
      return (
        <div key={row.path} {...common} class="found-file">
          <Icon name="file" />
          <span class="cut grow" title={name}>
            {name}
          </span>
          <span class="count mono">{row.count}</span>
        </div>
      )
    const { line, column, parts } = row.hit
    return (
      <div key={`${row.path} ${line} ${column}`} {...common} class="found-line mono">
        <span class="found-number">{line}</span>
        <span class="cut">
          {parts[0]}
          <mark>{parts[1]}</mark>
          {parts[2]}
        </span>
      </div>
    )
  }
  const toggle = (label: string, words: string, value: typeof matchesCase) => (
    <button
      type="button"
      class="segment"
      aria-pressed={value.value}
      aria-label={words}
      title={words}
      onClick={() => {
        value.value = !value.value
      }}
    >
      {label}
    </button>
  )
  return (
    <>
      <div class="find-tools">
        <label class="field grow">
          <Icon name="find" />
          <input
            ref={field}
            type="search"
            aria-label="Find in files"
            placeholder="Find in files"
            data-testid="find-field"
            value={text.value}
            spellcheck={false}
            onInput={(event) => {
              text.value = event.currentTarget.value
            }}
            onKeyDown={onKeyDown}
          />
        </label>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset brings a border and a legend */}
        <div class="segments" role="group" aria-label="How">
          {toggle('Aa', 'Match case', matchesCase)}
          {toggle('“ ”', 'Whole words', wholeWords)}
        </div>
      </div>
      <p class="find-state" role="status" data-testid="find-state">
        {state.value || 'Looks in every text of the project, packages and builds left out.'}
      </p>
      <VirtualRows
        class="found"
        role="listbox"
        aria-label="Places found"
        {...(rows.length > 0 ? { 'aria-activedescendant': `found-${active.value}` } : {})}
        tabIndex={0}
        count={rows.length}
        height={height}
        row={draw}
        visible={active.value}
        onKeyDown={onKeyDown}
      />
    </>
  )
}
