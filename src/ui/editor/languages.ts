/** Which language a file is written in, by its name, and the code that colours it: fetched when a file of it is opened. */
import type { LanguageSupport, StreamParser } from '@codemirror/language'

type Load = () => Promise<LanguageSupport>

const legacy = async (parser: Promise<StreamParser<unknown>>): Promise<LanguageSupport> => {
  const { LanguageSupport, StreamLanguage } = await import('@codemirror/language')
  return new LanguageSupport(StreamLanguage.define(await parser))
}

const python: Load = async () => (await import('@codemirror/lang-python')).python()
const javascript =
  (options: { typescript?: boolean; jsx?: boolean }): Load =>
  async () =>
    (await import('@codemirror/lang-javascript')).javascript(options)
const html: Load = async () => (await import('@codemirror/lang-html')).html()
const css: Load = async () => (await import('@codemirror/lang-css')).css()
const json: Load = async () => (await import('@codemirror/lang-json')).json()
const markdown: Load = async () => (await import('@codemirror/lang-markdown')).markdown()
const rust: Load = async () => (await import('@codemirror/lang-rust')).rust()
const go: Load = async () => (await import('@codemirror/lang-go')).go()
const toml: Load = () => legacy(import('@codemirror/legacy-modes/mode/toml').then((mode) => mode.toml))
const yaml: Load = () => legacy(import('@codemirror/legacy-modes/mode/yaml').then((mode) => mode.yaml))
const shell: Load = () => legacy(import('@codemirror/legacy-modes/mode/shell').then((mode) => mode.shell))
const properties: Load = () =>
  legacy(import('@codemirror/legacy-modes/mode/properties').then((mode) => mode.properties))

interface Language {
  readonly name: string
  readonly load: Load
  /** Ends of names. */
  readonly ends: readonly string[]
}

const LANGUAGES: readonly Language[] = [
  { name: 'Python', load: python, ends: ['.py', '.pyi', '.pyw'] },
  { name: 'TypeScript', load: javascript({ typescript: true }), ends: ['.ts', '.mts', '.cts'] },
  { name: 'TypeScript', load: javascript({ typescript: true, jsx: true }), ends: ['.tsx'] },
  { name: 'JavaScript', load: javascript({ jsx: true }), ends: ['.js', '.mjs', '.cjs', '.jsx'] },
  { name: 'Rust', load: rust, ends: ['.rs'] },
  { name: 'Go', load: go, ends: ['.go'] },
  { name: 'HTML', load: html, ends: ['.html', '.htm', '.svg', '.xml', '.vue'] },
  { name: 'CSS', load: css, ends: ['.css'] },
  { name: 'JSON', load: json, ends: ['.json', '.jsonc', '.webmanifest', '.ipynb', '.map'] },
  { name: 'Markdown', load: markdown, ends: ['.md', '.markdown'] },
  { name: 'TOML', load: toml, ends: ['.toml', 'cargo.lock', 'poetry.lock', 'uv.lock'] },
  { name: 'YAML', load: yaml, ends: ['.yaml', '.yml'] },
  { name: 'Shell', load: shell, ends: ['.sh', '.bash', '.bashrc', '.profile'] },
  { name: 'Properties', load: properties, ends: ['.ini', '.cfg', '.conf', '.properties', '.env'] },
]

/** Null for what is plain text. */
export const languageOf = (path: string): Language | null => {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return LANGUAGES.find(({ ends }) => ends.some((end) => name.endsWith(end))) ?? null
}
