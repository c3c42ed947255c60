/**
 * Where `import` finds modules: files of the process ("./a.js", "/lib/b.mjs"; ".js" and "/index.js" are tried), JSON files, and the
 * two built-in modules of QuickJS's own command, `qjs:std` and `qjs:os` (also as "std" and "os"), as far as prelude.ts has them.
 */
import { KIND } from '../../vfs/types.ts'
import { normalize, type Paths } from './paths.ts'

export interface ModuleLoader {
  normalize(base: string, specifier: string): string
  load(name: string): string
}

const BUILTIN: Record<string, string> = {
  std: 'qjs:std',
  os: 'qjs:os',
  'qjs:std': 'qjs:std',
  'qjs:os': 'qjs:os',
}
const SUFFIXES = ['', '.js', '.mjs', '.json', '/index.js']

/** `names` are the exports of each built-in module, which the prelude keeps under globalThis[Symbol.for(module)]. */
export const createModuleLoader = (paths: Paths, names: Record<string, readonly string[]>): ModuleLoader => {
  const decoder = new TextDecoder()
  return {
    normalize: (base, specifier) => {
      const builtin = Object.hasOwn(BUILTIN, specifier) ? BUILTIN[specifier] : undefined
      if (builtin) return builtin
      if (!/^(\/|\.\.?\/)/.test(specifier)) throw new Error(bare(specifier))
      const folder = base.slice(0, base.lastIndexOf('/') + 1)
      const path = specifier.startsWith('/') ? specifier : normalize(`/${folder}${specifier}`)
      const found = SUFFIXES.map((suffix) => path + suffix).find((name) => paths.kind(name) === KIND.FILE)
      return found ?? path
    },
    load: (name) => {
      const builtin = names[name]
      if (builtin) return builtinSource(name, builtin)
      const bytes = paths.readFile(name)
      if (typeof bytes === 'number') throw new Error(`Cannot find module '${name}'`)
      const text = decoder.decode(bytes)
      return name.endsWith('.json') ? `export default ${JSON.stringify(JSON.parse(text))}` : text
    },
  }
}

const bare = (specifier: string): string =>
  specifier.startsWith('node:')
    ? `Cannot find module '${specifier}': this is QuickJS, which has none of Node's own modules`
    : `Cannot find package '${specifier}': QuickJS loads only files of the project, such as './${specifier}.js'`

/** Through local names: `in` is an export of qjs:std, and a reserved word. */
const builtinSource = (name: string, exports: readonly string[]): string => {
  const from = `const m = globalThis[Symbol.for(${JSON.stringify(name)})]`
  const locals = exports.map((each, index) => `const e${index} = m.${each}`)
  const list = exports.map((each, index) => `e${index} as ${each}`).join(', ')
  return [from, ...locals, `export { ${list} }`, 'export default m'].join('\n')
}
