/** All languages the machine knows, as data. A new one is a file here and, unless it is plain WASI, a folder in runtimes/. */

import { go } from './go.ts'
import { javascript } from './javascript.ts'
import type { Language } from './language.ts'
import { python } from './python.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'
import { tinygo } from './tinygo.ts'
import { wasm } from './wasm.ts'
import { web } from './web.ts'

export type { Language }
export { go, javascript, python, ruby, rust, tinygo, wasm, web }

export const LANGUAGES: readonly Language[] = [python, javascript, ruby, rust, go, tinygo, wasm, web]

/** The language with this id, or undefined. */
export function languageById(id: string): Language | undefined {
  return LANGUAGES.find((language) => language.id === id)
}
