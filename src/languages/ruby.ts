import type { Language } from './language.ts'

export const ruby: Language = {
  id: 'ruby',
  name: 'Ruby',
  runtime: 'ruby',
  version: '3.4',
  command: 'ruby',
  argv: ['{entry}'],
  extensions: ['.rb'],
  markers: ['Gemfile', '.ruby-version', 'gems.rb'],
  entries: ['main.rb', 'app.rb', 'run.rb', 'src/main.rb'],
  build: null,
}
