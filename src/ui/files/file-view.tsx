/** A file in the view: text in the editor, an image, or bytes. What is too large to edit is text to look at. */
import { useEffect, useMemo } from 'preact/hooks'
import { baseName, formatBytes } from '../format.ts'
import { lazy } from '../frame/lazy.tsx'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { useUi } from '../ui.ts'
import { decodeText, HEX_MAX, hexRow, hexRows, imageType, isWasm } from './content.ts'
import { openText } from './text.ts'

const Editor = lazy(async () => (await import('../editor/editor.tsx')).Editor, 'the editor')

/** Pixels of a line of text, as in files.css. */
const LINE_HEIGHT = 20
/** Characters of a line that are drawn: longer ones are data, and one such line can be the whole file. */
const LINE_MAX = 4000

const TextView = ({ text, path }: { text: string; path: string }) => {
  const lines = useMemo(() => text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n'), [text])
  const widest = useMemo(
    () =>
      Math.min(
        LINE_MAX,
        lines.reduce((most, line) => Math.max(most, line.length), 0),
      ),
    [lines],
  )
  return (
    <VirtualRows
      key={path}
      class="code"
      role="region"
      aria-label={`Text of ${baseName(path)}`}
      data-testid="file-text"
      tabIndex={0}
      count={lines.length}
      height={LINE_HEIGHT}
      minWidth={`calc(${widest + 2}ch + 72px)`}
      row={(index) => {
        const line = lines[index] ?? ''
        return (
          <div key={index} class="code-line">
            <span class="number">{index + 1}</span>
            <span class="code-text">{line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)} …` : line}</span>
          </div>
        )
      }}
    />
  )
}

const ImageView = ({ bytes, type, path }: { bytes: Uint8Array; type: string; path: string }) => {
  // a copy on plain memory: a Blob takes no view on shared memory
  const url = useMemo(() => URL.createObjectURL(new Blob([bytes.slice()], { type })), [bytes, type])
  useEffect(() => () => URL.revokeObjectURL(url), [url])
  return (
    <div class="image">
      <img src={url} alt={baseName(path)} />
      <p class="mono faint">
        {type}, {formatBytes(bytes.length)}
      </p>
    </div>
  )
}

const BinaryView = ({ bytes, size, path }: { bytes: Uint8Array; size: number; path: string }) => (
  <>
    <p class="view-note">
      {isWasm(bytes) ? 'A WebAssembly program' : 'Not text'}, {formatBytes(size)}.{' '}
      {size > HEX_MAX ? `The first ${formatBytes(HEX_MAX)} in hexadecimal:` : 'In hexadecimal:'}
    </p>
    <VirtualRows
      key={path}
      class="code hex"
      role="region"
      aria-label={`Bytes of ${baseName(path)}`}
      data-testid="file-hex"
      tabIndex={0}
      count={hexRows(bytes.length)}
      height={LINE_HEIGHT}
      minWidth="620px"
      row={(index) => {
        const row = hexRow(bytes, index)
        return (
          <div key={index} class="code-line">
            <span class="number">{row.offset}</span>
            <span class="code-text">
              {row.hex} <span class="faint">{row.text}</span>
            </span>
          </div>
        )
      }}
    />
  </>
)

export const FileView = ({ path }: { path: string }) => {
  const { files } = useUi()
  const content = files.content.value
  const bytes = content.state === 'read' ? content.bytes : null
  const isCut = content.state === 'read' && content.size > content.bytes.length
  const edit = useMemo(() => (bytes && !isCut && !imageType(bytes) ? openText(bytes) : null), [bytes, isCut])
  const text = useMemo(() => (bytes && isCut ? decodeText(bytes, true) : null), [bytes, isCut])
  if (content.path !== path && !files.documents.has(path)) return null
  // one that is edited keeps its text in sight, also while it is read again and when it went away unsaved
  const isKept = content.state !== 'failed' || files.documents.dirty.value.has(path)
  if (files.documents.has(path) && isKept) return <Editor path={path} text={edit} />
  if (edit) return <Editor path={path} text={edit} />
  if (content.state === 'reading') return <p class="view-note">Reading {baseName(path)}…</p>
  if (content.state === 'failed')
    return (
      <p class="view-note" role="alert">
        {content.message}
      </p>
    )
  const type = imageType(content.bytes)
  if (type && !isCut) return <ImageView bytes={content.bytes} type={type} path={path} />
  if (text === null) return <BinaryView bytes={content.bytes} size={content.size} path={path} />
  return (
    <>
      <p class="view-note">
        The first {formatBytes(content.bytes.length)} of {formatBytes(content.size)}, to be read only: the
        file is too large for the editor.
      </p>
      <TextView text={text} path={path} />
    </>
  )
}
