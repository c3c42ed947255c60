import type { Language } from './language.ts'

/** TinyGo has the sources and markers of Go, so it is told apart only in a finished .wasm. */
export const tinygo: Language = {
  id: 'tinygo',
  name: 'TinyGo',
  runtime: null,
  version: null,
  command: null,
  argv: [],
  extensions: [],
  markers: [],
  entries: [],
  build: 'tinygo build -o main.wasm -target=wasip1 .',
}
