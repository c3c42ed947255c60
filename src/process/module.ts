/**
 * Is a compiled module a program for this machine? Says what it asks for and cannot have, by name, and how it was probably
 * built, since "LinkError" helps nobody.
 */
const OFFERED = 'wasi_snapshot_preview1 (and its older name wasi_unstable)'
/** So many missing imports are named; the rest is counted. */
const NAMED = 5

type Imports = Record<string, Record<string, unknown>>

/** A sentence about why the module cannot run, or '' when it can. */
export const whyNotRunnable = (module: WebAssembly.Module, imports: Imports): string => {
  const missing = WebAssembly.Module.imports(module).filter(
    ({ module: from, name, kind }) => !isOffered(imports[from]?.[name], kind),
  )
  if (missing.length > 0) return missingSentence(missing)
  const exports = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]))
  if (exports.get('_start') !== 'function') {
    const isLibrary = exports.get('_initialize') === 'function'
    return `it exports no _start function, so there is nothing to run: it is ${isLibrary ? 'a WASI library (a reactor), not a command' : 'no WASI command'}`
  }
  const isThreaded = WebAssembly.Module.imports(module).some(({ kind }) => kind === 'memory')
  if (isThreaded && exports.get('wasi_thread_start') !== 'function' && asksForThreads(module))
    return 'it starts threads and exports no wasi_thread_start, where they would begin'
  if (!isThreaded && exports.get('memory') !== 'memory')
    return 'it exports no memory, which every WASI program does: nothing could be passed to it'
  return ''
}

const asksForThreads = (module: WebAssembly.Module): boolean =>
  WebAssembly.Module.imports(module).some(
    ({ module: from, name }) => from === 'wasi' && name === 'thread-spawn',
  )

const isOffered = (value: unknown, kind: string): boolean =>
  kind === 'memory' ? value instanceof WebAssembly.Memory : kind === 'function' && typeof value === 'function'

const missingSentence = (missing: WebAssembly.ModuleImportDescriptor[]): string => {
  const names = missing.map(({ module, name, kind }) => `${module}.${name} (${kind})`)
  const rest = names.length - NAMED
  const list = names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  return `it needs ${list}: this machine offers ${OFFERED}. ${hint(missing)}`
}

const hint = (missing: WebAssembly.ModuleImportDescriptor[]): string => {
  const has = (test: (from: string, name: string) => boolean): boolean =>
    missing.some(({ module, name }) => test(module, name))
  if (has((from) => from === 'go' || from === 'gojs'))
    return 'It was built by Go for a web page; build it with GOOS=wasip1 GOARCH=wasm.'
  if (has((from, name) => from.includes('wbg') || name.startsWith('__wbindgen')))
    return 'It was built with wasm-bindgen for a web page; build it for the target wasm32-wasip1.'
  if (
    has((from, name) => from === 'wasi' && name === 'thread-spawn') ||
    has((from, name) => from === 'env' && name === 'memory')
  )
    return 'It was built for threads or to share its memory, which programs cannot do here; build it for wasm32-wasip1 without threads.'
  if (has((from, name) => from === 'env' && /^(emscripten_|_?_?syscall|invoke_)/.test(name)))
    return 'It was built by Emscripten for a web page; build it with -sSTANDALONE_WASM or with wasi-sdk.'
  if (has((from) => from.includes(':') || from.includes('/')))
    return 'It was built for WASI preview 2 or another host; build it for wasm32-wasip1.'
  return 'Build it for wasm32-wasip1.'
}
