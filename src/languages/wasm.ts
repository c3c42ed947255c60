import type { Language } from './language.ts'

/** A finished program in WebAssembly, whatever it was written in. */
export const wasm: Language = {
  id: 'wasm',
  name: 'WebAssembly',
  runtime: null,
  version: null,
  command: null,
  argv: [],
  extensions: ['.wasm'],
  markers: [],
  entries: ['main.wasm'],
  build: null,
}
