import type { Language } from './language.ts'

export const rust: Language = {
  id: 'rust',
  name: 'Rust',
  runtime: null,
  version: null,
  command: null,
  argv: [],
  extensions: ['.rs'],
  markers: ['Cargo.toml'],
  entries: ['src/main.rs', 'main.rs'],
  build: 'cargo build --release --target wasm32-wasip1',
}
