/** A TOML file of the project; what is wrong in it is reported with its line, and the file counts as empty. */

import { parse, TomlError } from 'smol-toml'
import { joinPath } from '../lib/path.ts'
import type { Report } from './target.ts'
import type { FolderView } from './view.ts'

export function parseTomlFile(view: FolderView, path: string, report: Report): unknown {
  const text = view.readText(path)
  if (text === undefined) return undefined
  const full = joinPath(view.folder, path)
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof TomlError) {
      const { line, column } = error
      const what = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
      report({
        path: full,
        line,
        column,
        message: `${full}, line ${line}, column ${column}: ${what}. Correct it and bring the project again.`,
      })
    } else
      report({
        path: full,
        message: `${full} cannot be read as TOML: ${error instanceof Error ? error.message : String(error)}`,
      })
    return undefined
  }
}
