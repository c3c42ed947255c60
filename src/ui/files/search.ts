/** Finds a text in all files of the project, file by file, giving the page its turn. */
import type { FileSystem } from '../../sdk/types.ts'
import { decodeText } from './content.ts'
import { listFiles } from './list-files.ts'

/** Bytes of a file that is searched; larger ones are data. */
export const SEARCH_FILE_MAX = 2 * 1024 * 1024
/** Places found at most, and in one file. */
export const FOUND_MAX = 2000
const FILE_FOUND_MAX = 200
/** Characters of a line that are shown before and after what was found. */
const BEFORE = 40
const AFTER = 160

export interface Query {
  readonly text: string
  readonly matchesCase: boolean
  readonly wholeWords: boolean
}

export interface Hit {
  /** From 1. */
  readonly line: number
  /** From 0, in UTF-16 units. */
  readonly column: number
  readonly length: number
  /** The line around it: before, the hit, after. */
  readonly parts: readonly [string, string, string]
}

export interface FileHits {
  readonly path: string
  readonly hits: readonly Hit[]
}

const isWordCharacter = (text: string): boolean => /^[\p{L}\p{N}_]$/u.test(text)

/** Where a text stands in another, line by line. Pure. */
export const hitsIn = (text: string, { text: wanted, matchesCase, wholeWords }: Query): Hit[] => {
  const hits: Hit[] = []
  if (wanted === '') return hits
  // lower case can be longer than the letter it came from: then places would move
  const folded = text.toLowerCase()
  const isExact = matchesCase || folded.length !== text.length
  const hay = isExact ? text : folded
  const needle = isExact ? wanted : wanted.toLowerCase()
  let line = 1
  let lineStart = 0
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + needle.length)) {
    for (
      let next = text.indexOf('\n', lineStart);
      next >= 0 && next < at;
      next = text.indexOf('\n', lineStart)
    ) {
      line++
      lineStart = next + 1
    }
    const end = at + needle.length
    const isPart = isWordCharacter(text[at - 1] ?? ' ') || isWordCharacter(text[end] ?? ' ')
    if (wholeWords && isPart) continue
    const lineEnd = text.indexOf('\n', end) < 0 ? text.length : text.indexOf('\n', end)
    const from = Math.max(lineStart, at - BEFORE)
    const before = (from > lineStart ? '…' : '') + text.slice(from, at).replace(/^\s+/, '')
    hits.push({
      line,
      column: at - lineStart,
      length: needle.length,
      parts: [before, text.slice(at, end), text.slice(end, Math.min(lineEnd, end + AFTER)).trimEnd()],
    })
    if (hits.length >= FILE_FOUND_MAX) return hits
  }
  return hits
}

export interface SearchProgress {
  readonly files: number
  readonly allFiles: number
}

export interface SearchParts {
  fs: Pick<FileSystem, 'readdir' | 'stat' | 'readFile'>
  root: string
  signal: AbortSignal
  found(hits: FileHits): void
  progress(state: SearchProgress): void
  /** Lets the page draw and listen. */
  pause(): Promise<void>
}

/** @returns false when there was more than is shown */
export const searchFiles = async (query: Query, parts: SearchParts): Promise<boolean> => {
  const { fs, root, signal, found, progress, pause } = parts
  const paths = await listFiles(fs, root, signal)
  let count = 0
  for (const [index, path] of paths.entries()) {
    signal.throwIfAborted()
    const bytes = await readSearched(fs, path)
    const text = bytes && decodeText(bytes, false)
    const hits = text ? hitsIn(text, query) : []
    if (hits.length > 0) found({ path, hits })
    count += hits.length
    if (index % 16 === 15) {
      progress({ files: index + 1, allFiles: paths.length })
      await pause()
    }
    if (count >= FOUND_MAX) return false
  }
  progress({ files: paths.length, allFiles: paths.length })
  return true
}

const readSearched = async (
  fs: Pick<FileSystem, 'stat' | 'readFile'>,
  path: string,
): Promise<Uint8Array | null> => {
  try {
    const { size, kind } = await fs.stat(path)
    return kind === 'file' && size > 0 && size <= SEARCH_FILE_MAX ? await fs.readFile(path) : null
  } catch {
    // it went away, or is a link to nowhere
    return null
  }
}
