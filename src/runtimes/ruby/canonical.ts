/**
 * Calling the library build of Ruby (ruby.wasm): its exports speak the canonical ABI of an early WebAssembly interface proposal.
 *
 *   string          pointer, length (UTF-8, in memory from cabi_realloc)
 *   list<string>    pointer to pairs of those, count
 *   tuple<a, b>     pointer to the fields
 *
 * An export is named with its whole signature ("ruby-init: func(args: list<string>) -> ()"), so it is looked up by its beginning.
 */
type Call = (...args: number[]) => number

export interface RubyLibrary {
  /** Starts the interpreter, as a command line would. */
  init(args: readonly string[]): void
  /** 0, or the tag of what ended the evaluation (an uncaught exception). */
  evaluate(code: string): number
}

const WORD_BYTES = 4

/** @throws Error naming an export that the module lacks: then it is another build than this glue was written for. */
export const openRuby = (exports: WebAssembly.Exports): RubyLibrary => {
  const memory = exports.memory as WebAssembly.Memory
  const encoder = new TextEncoder()
  const find = (name: string): Call => {
    const key = Object.keys(exports).find((each) => each === name || each.startsWith(`${name}:`))
    if (!key) throw new Error(`this build of Ruby has no ${name}`)
    return exports[key] as Call
  }
  const allocate = find('cabi_realloc')
  const put = (text: string): [number, number] => {
    const bytes = encoder.encode(text)
    const at = allocate(0, 0, 1, bytes.length)
    new Uint8Array(memory.buffer).set(bytes, at)
    return [at, bytes.length]
  }
  const [init, evaluate] = [find('ruby-init'), find('rb-eval-string-protect')]
  return {
    init: (args) => {
      // ruby-init hands the strings on as C strings.
      const strings = args.flatMap((each) => put(`${each}\0`))
      const list = allocate(0, 0, WORD_BYTES, strings.length * WORD_BYTES)
      new Uint32Array(memory.buffer, list, strings.length).set(strings)
      init(list, args.length)
    },
    evaluate: (code) => {
      const result = evaluate(...put(code))
      return new DataView(memory.buffer).getInt32(result + WORD_BYTES, true)
    },
  }
}

/**
 * What the module imports besides WASI: handles of values (a handle is the value itself, for nothing outlives the process), and the
 * bridge of the `js` library, which would run JavaScript outside of the wall's inner ring and is refused.
 */
export const rubyImports = (
  module: WebAssembly.Module,
  refuse: (name: string) => never,
): WebAssembly.Imports => {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {
    canonical_abi: {
      'resource_new_rb-abi-value': (value: number) => value,
      'resource_get_rb-abi-value': (value: number) => value,
      'resource_drop_js-abi-value': () => {},
    },
    'rb-js-abi-host': {},
  }
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const bridge = imports['rb-js-abi-host']
    if (from === 'rb-js-abi-host' && bridge) bridge[name] = () => refuse(name)
  }
  return imports
}
