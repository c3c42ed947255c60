/** The suite's cases in this process: the machine's own imports over a fresh memory, without page, kernel or workers. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleSource } from './source-bundle.mjs'

const SOURCE = `
export { createPrivateMachine } from './src/process/private-machine.ts'
export { exec } from './src/process/exec.ts'
`

export async function open() {
  const script = join(tmpdir(), `wasi-suite-${process.pid}.mjs`)
  await writeFile(script, await bundleSource(SOURCE, 'esm'))
  const { createPrivateMachine, exec } = await import(pathToFileURL(script).href)
  return {
    /** @param {import('./wasi-suite.mjs').Case} one */
    run: async (one) => {
      const places = one.folders.map((folder, index) => ({ ...folder, path: `/dirs/${index}` }))
      const machine = createPrivateMachine({
        args: [`${one.name}.wasm`, ...one.args],
        env: one.env,
        stdin: one.stdin ?? '',
        preopens: places.map(({ guest, path }) => ({ name: guest, path })),
        prepare: (/** @type {any} */ { mkdir, write }) => {
          for (const { path, files } of places) {
            for (const file of files) {
              if (file.path.endsWith('/')) mkdir(`${path}/${file.path}`)
            }
            for (const file of files) {
              if (!file.path.endsWith('/')) write(`${path}/${file.path}`, new Uint8Array(file.bytes))
            }
          }
        },
      })
      const { code, message } = exec(machine.process, new WebAssembly.Module(await readFile(one.wasm)))
      return { code, message, stdout: machine.output(1), stderr: machine.output(2) }
    },
    close: () => rm(script),
  }
}
