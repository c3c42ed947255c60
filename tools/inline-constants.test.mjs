import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as esbuild from 'esbuild'
import { inlineConstants } from './inline-constants.mjs'

test('a table of numbers becomes an enum, comments and all', () => {
  const source =
    'export const A = {\n  /** One: the first. */\n  ONE: 1,\n  TWO: 1 << 3, // two\n} as const\n'
  assert.equal(inlineConstants(source), 'export enum A { ONE = 1, TWO = 1 << 3 }\n')
})

test('a table of one file, and a name that starts with a digit', () => {
  const source = "const A = { ONE: 1, '2BIG': 2 } as const"
  assert.equal(inlineConstants(source), "enum A { ONE = 1, '2BIG' = 2 }")
})

test('what is listed, nested, or no number stays as it is', () => {
  for (const source of [
    'export const SIGNAL = { HUP: 1 } as const',
    'export const A = { B: { C: 1 } } as const',
    "export const A = { B: 'text' } as const",
    'export const a = { B: 1 } as const',
  ])
    assert.equal(inlineConstants(source), source)
})

test('the numbers stand in the place of the names', async () => {
  const contents = inlineConstants('export const A = { LONG_NAME: 7 } as const\nconsole.log(A.LONG_NAME)')
  const { outputFiles } = await esbuild.build({
    stdin: { contents, loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
  })
  assert.match(outputFiles[0]?.text ?? '', /console\.log\(7\)/)
})
