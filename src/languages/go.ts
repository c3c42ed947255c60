import type { Language } from './language.ts'

export const go: Language = {
  id: 'go',
  name: 'Go',
  runtime: null,
  version: null,
  command: null,
  argv: [],
  extensions: ['.go'],
  markers: ['go.mod'],
  entries: ['main.go'],
  build: 'GOOS=wasip1 GOARCH=wasm go build -o main.wasm',
}
