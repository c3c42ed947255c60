import type { Language } from './language.ts'

export const javascript: Language = {
  id: 'javascript',
  name: 'JavaScript',
  runtime: 'quickjs',
  version: null,
  command: 'qjs',
  argv: ['{entry}'],
  extensions: ['.js', '.mjs', '.cjs'],
  markers: ['package.json'],
  entries: ['index.js', 'index.mjs', 'main.js', 'main.mjs', 'app.js', 'src/index.js', 'src/main.js'],
  build: null,
}
