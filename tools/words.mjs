/**
 * Two small habits that a machine can watch: no marks of unfinished work, and no file that has grown past a page or two.
 */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** Lines. A file that grows past it is usually two. Tables of tests may be longer. */
const LONGEST_FILE = 350

const MARKS = [
  { pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/, what: 'a mark of unfinished work' },
  { pattern: /not (?:yet )?implemented/i, what: 'unfinished work' },
  {
    pattern: /\b(?:test|it|describe|suite)\.(?:skip|only|todo)\b|\{\s*(?:skip|only|todo):/,
    what: 'a test that does not run',
  },
  { pattern: /@ts-(?:ignore|nocheck)/, what: 'a switched-off type check' },
]

/** @param {string} path @param {string} source @returns {string[]} one message for each finding */
export function checkWords(path, source) {
  const lines = source.split('\n')
  const found = lines.flatMap((line, index) =>
    MARKS.filter(({ pattern }) => pattern.test(line)).map(
      ({ what }) => `${path}:${index + 1} ${what}: ${line.trim()}`,
    ),
  )
  const length = lines.length - (source.endsWith('\n') ? 1 : 0)
  const counted = /^(src|workers)\//.test(path) && /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path)
  if (counted && length > LONGEST_FILE)
    found.push(`${path} has ${length} lines; the ceiling is ${LONGEST_FILE}`)
  return found
}

/** All sources of the project's own. */
export async function checkAllWords() {
  const found = []
  for (const folder of ['src', 'workers', 'tools', 'e2e', 'bench']) {
    const entries = await readdir(join(ROOT, folder), { recursive: true }).catch(() => [])
    for (const entry of entries.sort()) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`
      // Fixtures are projects of others' making, and this check must be able to say what it looks for.
      if (!/\.(tsx?|mjs|css)$/.test(path) || /\/fixtures\/|^tools\/words\./.test(path)) continue
      found.push(...checkWords(path, await readFile(join(ROOT, path), 'utf8')))
    }
  }
  return found
}
