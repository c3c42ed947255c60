/**
 * Where in a TOML file a key stands. The parser gives values without places; this reads lines, for files that have parsed.
 * Limit: a key inside of an inline table has the line of the table.
 */

/** The line of the deepest part of `path` that is written out, from 1. */
export function findKeyLine(text: string, path: readonly string[]): number {
  let table: string[] = []
  let closing = ''
  let best = { depth: 0, line: 1 }
  for (const [index, line] of text.split('\n').entries()) {
    if (closing !== '') {
      if (line.includes(closing)) closing = ''
      continue
    }
    const header = /^\s*\[\[?\s*([^[\]]+?)\s*\]\]?\s*(#.*)?$/.exec(line)
    if (header) table = splitKey(header[1] ?? '')
    const assigned = header
      ? null
      : /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$/.exec(line)
    closing = assigned ? opensText(assigned[2] ?? '') : ''
    const here = assigned ? [...table, ...splitKey(assigned[1] ?? '')] : header ? table : []
    const depth = here.length <= path.length && here.every((part, at) => part === path[at]) ? here.length : 0
    if (depth > best.depth) best = { depth, line: index + 1 }
  }
  return best.line
}

/** The mark that ends a text of several lines, where one begins and does not end in this line. */
function opensText(value: string): string {
  for (const mark of ['"""', "'''"]) if (value.split(mark).length === 2) return mark
  return ''
}

function splitKey(key: string): string[] {
  return Array.from(
    key.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g),
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
}
