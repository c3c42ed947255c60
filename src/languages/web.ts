import type { Language } from './language.ts'

/** A page of files, with no program behind it. */
export const web: Language = {
  id: 'web',
  name: 'Web page',
  runtime: null,
  version: null,
  command: null,
  argv: [],
  extensions: ['.html', '.htm'],
  markers: ['index.html'],
  entries: ['index.html', 'public/index.html'],
  build: null,
}
