/**
 * Ruby on WASI as a library, as its package ships it, with its standard library packed inside. Debug sections are left out: they
 * are of no use to a run.
 * Invariant: only the module with this SHA-256 is taken, because the glue (src/runtimes/ruby) was written against its exports.
 */
import * as wasm from './wasm.mjs'

export const RUBY = {
  package: '@ruby/3.4-wasm-wasi',
  file: 'dist/ruby+stdlib.wasm',
  sha256: '4b814fc9d13505ea5b4c1f3bd3a7cc7ccca137f551196b9b21f0a7caf9cc5878',
  version: '3.4.1',
  /** day on which the package was published */
  released: '2026-08-06',
}

/** @param {Buffer} source */
export function buildRuby(source) {
  const sections = ['.debug_', 'name', 'producers'].reduce(
    (rest, prefix) => wasm.dropCustom(rest, prefix),
    wasm.readSections(source),
  )
  return wasm.writeSections(sections)
}
