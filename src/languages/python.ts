import type { Language } from './language.ts'

export const python: Language = {
  id: 'python',
  name: 'Python',
  runtime: 'python',
  version: '3.12',
  command: 'python3',
  argv: ['{entry}'],
  extensions: ['.py'],
  markers: ['pyproject.toml', 'requirements.txt', 'setup.py', 'setup.cfg', 'Pipfile'],
  entries: ['main.py', '__main__.py', 'app.py', 'run.py', 'src/main.py', 'src/__main__.py'],
  build: null,
}
