/** Go projects: a built .wasm beside the sources, or how to build one. */

import { go } from '../languages/index.ts'
import { basename, dirname } from '../lib/path.ts'
import { findStale, runProgram } from './program.ts'
import { type Draft, titleOf } from './target.ts'
import type { FolderView } from './view.ts'

const MAIN_PACKAGE = /^package\s+main\b/m

/** What Go has built in this folder, or how to build it. */
export function detectGo(view: FolderView): Draft[] {
  const mains = findMains(view)
  if (!view.has('go.mod') && !mains.some((main) => folderOf(main) === '.')) return []
  const module = /^module\s+"?([^\s"]+)/m.exec(view.readText('go.mod') ?? '')?.[1]
  const wanted = ['main.wasm', `${basename(module ?? '')}.wasm`]
  const programs = view.filesWith(['.wasm'])
  programs.sort((a, b) => Number(wanted.includes(b.path)) - Number(wanted.includes(a.path)))
  if (programs.length === 0) return mains.map((main, index) => unbuilt(main, 75 - index))
  const why = module === undefined ? 'a Go program' : `the Go module ${module}`
  return programs.map((program, index) => ({
    ...runProgram(
      view,
      program.path,
      go,
      `${program.path} lies beside ${why}.`,
      91 - Math.min(index, 20) / 10,
    ),
    warnings: findStale(view, program, '.go'),
  }))
}

const folderOf = (path: string): string => dirname(path) || '.'

/** A file of each folder with a `package main`, main.go before others: the root first, then those below cmd/ as Go projects have them. */
function findMains(view: FolderView): string[] {
  const files = view.paths
    .filter(({ path }) => /^(cmd\/[^/]+\/)?[^/]+\.go$/.test(path) && !path.endsWith('_test.go'))
    .filter(({ path }) => MAIN_PACKAGE.test(view.readText(path) ?? ''))
    .map(({ path }) => path)
    .sort((a, b) => Number(basename(b) === 'main.go') - Number(basename(a) === 'main.go') || (a < b ? -1 : 1))
  const firsts = new Map<string, string>()
  for (const file of files) if (!firsts.has(folderOf(file))) firsts.set(folderOf(file), file)
  return [...firsts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)
}

function unbuilt(entry: string, score: number): Draft {
  const folder = folderOf(entry)
  const root = folder === '.'
  return {
    language: go.id,
    runtime: null,
    command: '',
    args: [],
    entry,
    reason: `${titleOf(go)} · ${root ? 'main package' : folder}, not built yet`,
    explanation: `${root ? 'The folder' : folder} holds a Go program, and no built .wasm was found.`,
    runnable: false,
    hint: `Run \`${go.build}${root ? '' : ` ./${folder}`}\` and bring the folder again with main.wasm.`,
    score,
  }
}
