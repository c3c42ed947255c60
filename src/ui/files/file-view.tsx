/** A file to look at: text with line numbers, an image, or bytes. Nothing here can be changed yet. */
import { useEffect, useMemo } from 'preact/hooks'
import { baseName, formatBytes, plural } from '../format.ts'
import { VirtualRows } from '../frame/virtual-rows.tsx'
import { useUi } from '../ui.ts'
import { decodeText, HEX_MAX, hexRow, hexRows, imageType, isWasm } from './content.ts'

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
  const text = useMemo(() => (bytes ? decodeText(bytes, isCut) : null), [bytes, isCut])
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
      {isCut ? (
        <p class="view-note">
          The first {formatBytes(content.bytes.length)} of {formatBytes(content.size)}.
        </p>
      ) : null}
      {content.size === 0 ? <p class="view-note">An empty file, {plural(0, 'byte')}.</p> : null}
      <TextView text={text} path={path} />
    </>
  )
}
