/**
 * Git's wildcard patterns over bytes. A pattern becomes a list of tokens, and matching keeps the set of tokens that the text
 * read so far can stand before; so the time is at most pattern × text, whatever a hostile pattern tries.
 *
 * Texts and patterns are byte strings (one character a byte, see lib/bytes): for git a '?' is one byte, not one letter.
 */

const KIND = { one: 0, star: 1, globstar: 2, directories: 3 } as const

type Token =
  | { readonly kind: typeof KIND.one; readonly accepts: (byte: number) => boolean }
  | { readonly kind: typeof KIND.star | typeof KIND.globstar | typeof KIND.directories }

/** True where the whole text matches. */
export type Matcher = (text: string) => boolean

const SLASH = 0x2f
const BACKSLASH = 0x5c
const STAR = 0x2a
const NEVER: Matcher = () => false

/**
 * Compiles one pattern.
 * @param pathname with it '*', '?' and sets stop at a slash, and '**' between slashes does not
 */
export function compileWildmatch(pattern: string, pathname: boolean): Matcher {
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern
  const tokens = parseTokens(pattern, pathname)
  return tokens === undefined ? NEVER : (text) => matchTokens(tokens, text)
}

/** The tokens of a pattern, or undefined for one that can never match (it ends in a backslash or inside a set). */
function parseTokens(pattern: string, pathname: boolean): Token[] | undefined {
  const tokens: Token[] = []
  let at = 0
  while (at < pattern.length) {
    const code = pattern.charCodeAt(at)
    if (code === STAR) {
      const end = endOfStars(pattern, at)
      at = pushStars(tokens, pattern, at, end, pathname)
    } else if (pattern[at] === '?') {
      tokens.push({ kind: KIND.one, accepts: pathname ? (byte) => byte !== SLASH : () => true })
      at++
    } else if (pattern[at] === '[') {
      const set = parseSet(pattern, at + 1)
      if (set === undefined) return undefined
      const { accepts } = set
      tokens.push({ kind: KIND.one, accepts: pathname ? (byte) => byte !== SLASH && accepts(byte) : accepts })
      at = set.end
    } else {
      const literal = code === BACKSLASH ? pattern.charCodeAt(at + 1) : code
      if (Number.isNaN(literal)) return undefined
      tokens.push({ kind: KIND.one, accepts: (byte) => byte === literal })
      at += code === BACKSLASH ? 2 : 1
    }
  }
  return tokens
}

function endOfStars(pattern: string, start: number): number {
  let end = start
  while (pattern.charCodeAt(end) === STAR) end++
  return end
}

/** Two or more stars count as '**' where a slash or an end stands on both sides; else they are one star. */
function pushStars(tokens: Token[], pattern: string, start: number, end: number, pathname: boolean): number {
  const opens = start === 0 || pattern[start - 1] === '/'
  const closes = end === pattern.length || pattern[end] === '/' || pattern.startsWith('\\/', end)
  if (!pathname) tokens.push({ kind: KIND.globstar })
  else if (end - start < 2 || !opens || !closes) tokens.push({ kind: KIND.star })
  else if (pattern[end] === '/') {
    tokens.push({ kind: KIND.directories })
    return end + 1
  } else tokens.push({ kind: KIND.globstar })
  return end
}

const CLASSES: Record<string, RegExp> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class of control characters is what is meant
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

type Accepts = (byte: number) => boolean

/** A set from just after its '[': a first ']' is a member, ranges may have escaped ends, classes as POSIX names them. */
function parseSet(pattern: string, start: number): { accepts: Accepts; end: number } | undefined {
  let at = start
  const negated = pattern[at] === '!' || pattern[at] === '^'
  if (negated) at++
  const members: Accepts[] = []
  let previous = 0
  do {
    if (at >= pattern.length) return undefined
    const member = parseMember(pattern, at, previous)
    if (member === undefined) return undefined
    members.push(member.accepts)
    previous = member.previous
    at = member.end
  } while (pattern[at] !== ']')
  return { accepts: (byte) => members.some((accepts) => accepts(byte)) !== negated, end: at + 1 }
}

interface Member {
  accepts: Accepts
  /** the byte that a following '-' would start a range from; 0 for none */
  previous: number
  end: number
}

function parseMember(pattern: string, at: number, previous: number): Member | undefined {
  const next = pattern[at + 1]
  if (pattern[at] === '-' && previous !== 0 && next !== undefined && next !== ']') {
    const high = readEscaped(pattern, at + 1)
    if (high === undefined) return undefined
    return { accepts: (byte) => byte >= previous && byte <= high.byte, previous: 0, end: high.end }
  }
  if (pattern[at] === '[' && next === ':') {
    const close = pattern.indexOf(']', at + 2)
    if (close < 0) return undefined
    if (close - at >= 3 && pattern[close - 1] === ':') {
      const expression = CLASSES[pattern.slice(at + 2, close - 1)]
      if (expression === undefined) return undefined
      return { accepts: (byte) => expression.test(String.fromCharCode(byte)), previous: 0, end: close + 1 }
    }
  }
  const one = readEscaped(pattern, at)
  if (one === undefined) return undefined
  return { accepts: (byte) => byte === one.byte, previous: one.byte, end: one.end }
}

function readEscaped(pattern: string, at: number): { byte: number; end: number } | undefined {
  const escaped = pattern.charCodeAt(at) === BACKSLASH
  const byte = pattern.charCodeAt(escaped ? at + 1 : at)
  return Number.isNaN(byte) ? undefined : { byte, end: at + (escaped ? 2 : 1) }
}

function matchTokens(tokens: readonly Token[], text: string): boolean {
  let now = new Set<number>()
  enter(tokens, 0, now)
  for (let index = 0; index < text.length && now.size > 0; index++) {
    const next = new Set<number>()
    for (const state of now) step(tokens, state, text.charCodeAt(index), next)
    now = next
  }
  return now.has(tokens.length)
}

/** Stands before token `state`; stars and directories may stand for nothing, so what follows them is reached too. */
function enter(tokens: readonly Token[], state: number, states: Set<number>): void {
  for (let at = state; ; at++) {
    states.add(at)
    const token = tokens[at]
    if (token === undefined || token.kind === KIND.one) return
  }
}

function step(tokens: readonly Token[], state: number, byte: number, next: Set<number>): void {
  const token = tokens[state]
  if (token === undefined) return
  if (token.kind === KIND.one) {
    if (token.accepts(byte)) enter(tokens, state + 1, next)
  } else if (token.kind === KIND.directories) {
    // inside of a name only the slash that ends it leads on
    next.add(state)
    if (byte === SLASH) enter(tokens, state + 1, next)
  } else if (token.kind === KIND.globstar || byte !== SLASH) enter(tokens, state, next)
}
