/**
 * C to WebAssembly in any Node: clang, lld and wasi-libc as one npm package, 100 MB of WebAssembly. Too large for everybody's
 * `npm install`, so it stands in the package.json of this folder and is installed when an example is built for the first time.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PACKAGE = '@yowasp/clang'
const FLAGS = ['clang', '--target=wasm32-wasip1', '-Oz', '-Wall', '-Wextra', '-Werror', '-s']

/**
 * @typedef {Record<string, string | Uint8Array>} Tree
 * @typedef {{ runClang(args: string[], files: Tree, options: { fetchProgress(): void }): Promise<Tree> }} Clang
 */

/**
 * @param {string} root the repository @param {string} source a .c file @param {string[]} headers
 * @returns {Promise<{ wasm: Uint8Array, toolchain: string }>}
 */
export async function compileC(root, source, headers) {
  const folder = join(root, 'tools/clang')
  const home = join(folder, 'node_modules', PACKAGE)
  if (!existsSync(home)) execFileSync('npm', ['ci', '--prefix', folder], { stdio: 'inherit' })
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  // By its path: no other part of the project has, or needs, this package.
  /** @type {Clang} */
  const { runClang } = await import(pathToFileURL(join(home, 'gen/bundle.js')).href)
  const files = Object.fromEntries(
    [source, ...headers].map((path) => [basename(path), readFileSync(join(root, path), 'utf8')]),
  )
  const made = await runClang([...FLAGS, '-o', 'out.wasm', basename(source)], files, {
    fetchProgress: () => {},
  })
  const wasm = made['out.wasm']
  if (!(wasm instanceof Uint8Array)) throw new Error(`${source}: clang has made nothing`)
  return { wasm, toolchain: `${PACKAGE} ${version}` }
}
