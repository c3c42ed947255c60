/** Bundles a program that is given as text and imports sources of the repository; for tests and tools that run it elsewhere. */
import * as esbuild from 'esbuild'
import { ROOT } from './build.mjs'

/**
 * @param {string} contents TypeScript; its imports start at the repository
 * @param {'cjs' | 'esm'} format
 * @param {string[]} [inject] files whose exports take the place of globals
 * @returns {Promise<string>}
 */
export async function bundleSource(contents, format, inject = []) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format,
    inject,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
