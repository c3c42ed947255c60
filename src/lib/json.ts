/** JSON with the place of the first error. Engines say it each in their own words, and some not at all. */

export interface JsonError {
  /** what was found or missing, as the rest of a sentence */
  readonly message: string
  /** from 1 */
  readonly line: number
  /** from 1, in UTF-16 units */
  readonly column: number
}

export type JsonResult = { readonly value: unknown } | { readonly error: JsonError }

/** Parses RFC 8259 JSON. */
export function parseJson(text: string): JsonResult {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    const { at, message } = findJsonError(text)
    const before = text.slice(0, at)
    return { error: { message, line: before.split('\n').length, column: at - before.lastIndexOf('\n') } }
  }
}

/** Strings, numbers and words as JSON has them; everything else is punctuation or wrong. */
const TOKEN =
  /[ \t\r\n]*(?:("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|([[\]{},:])|)/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end'

interface Problem {
  at: number
  message: string
}

/** Reads token by token with the open brackets on a stack, so that depth costs no recursion. */
function findJsonError(text: string): Problem {
  const open: ('[' | '{')[] = []
  let expected: Expected = 'value'
  TOKEN.lastIndex = 0
  while (true) {
    const match = TOKEN.exec(text)
    const [, string, scalar, mark] = match ?? []
    const token = string ?? scalar ?? mark ?? ''
    const at = TOKEN.lastIndex - token.length
    const next: Expected | undefined =
      token === '' ? undefined : advance(expected, token, string !== undefined, open)
    if (next === undefined)
      return { at, message: `${describe(text, at)} where ${describeExpected(expected)} should be` }
    expected = next
  }
}

function describeExpected(expected: Expected): string {
  if (expected === 'end') return 'the end'
  if (expected.startsWith('key')) return `a ${expected.replace('key', 'name in quotes')}`
  return expected.startsWith('value') ? `a ${expected}` : expected
}

function describe(text: string, at: number): string {
  const character = text[at]
  if (character === undefined) return 'the text ends'
  if (character === '"')
    return /^"[^"\n]*"/.test(text.slice(at, at + 200))
      ? 'a string stands'
      : 'a string that does not end stands'
  return `${JSON.stringify(character)} stands`
}

/** What may follow `token`, or undefined where it may not stand. */
function advance(
  expected: Expected,
  token: string,
  isString: boolean,
  open: ('[' | '{')[],
): Expected | undefined {
  const closed = (): Expected => {
    const around = open.at(-1)
    return around === '[' ? ', or ]' : around === '{' ? ', or }' : 'end'
  }
  const isMark = /^[[\]{},:]$/.test(token)
  if (expected.startsWith('value') && (token === '[' || token === '{')) {
    open.push(token)
    return token === '[' ? 'value or ]' : 'key or }'
  }
  if (expected.startsWith('value') && !isMark) return closed()
  if (expected.startsWith('key') && isString) return ':'
  if (expected === ':' && token === ':') return 'value'
  if (expected.endsWith('or ]') && token === ']') {
    open.pop()
    return closed()
  }
  if (expected.endsWith('or }') && token === '}') {
    open.pop()
    return closed()
  }
  if (expected === ', or ]' && token === ',') return 'value'
  return expected === ', or }' && token === ',' ? 'key' : undefined
}
