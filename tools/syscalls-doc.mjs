/**
 * `node tools/syscalls-doc.mjs [--check]`: writes docs/syscalls.md from the one table of system calls, src/abi/syscalls.ts; with
 * --check it only says whether the page is still what the table gives.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import { ROOT } from './build.mjs'

const PAGE = join(ROOT, 'docs/syscalls.md')

/** @typedef {{ number: number, blocks: boolean, where: 'thread' | 'kernel', wasi: readonly string[] }} CallFacts */

/** @returns {Promise<string>} the page */
export async function syscallsPage() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(ROOT, 'src/abi/syscalls.ts')],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  const text = outputFiles[0]?.text ?? ''
  const table = await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
  return page(table.SYSCALLS, table.SUPPORT, table.WASMRUN)
}

/** @param {Record<string, CallFacts>} calls @param {Record<string, string>} support @param {Record<string, string[]>} wasmrun */
function page(calls, support, wasmrun) {
  const rows = Object.entries(calls)
    .sort(([, a], [, b]) => a.number - b.number)
    .map(([name, facts]) => row(name, facts, support[name] ?? '', wasmrun[name] ?? []))
  const imports = Object.values(calls).flatMap(({ wasi }) => wasi)
  return `# System calls

Written by \`node tools/syscalls-doc.mjs\` from \`src/abi/syscalls.ts\`; edit that table, not this page.

A call is made in the caller's own thread over the machine's shared memory, unless the kernel has to decide. A call that may
wait sleeps on the thread's one wake word; every such call has an asynchronous form as well. The last column names the
imports of \`wasi_snapshot_preview1\` that end in the call (${imports.length} in all; \`wasi_unstable\` has the same, but for sock_accept); those with
\`wasmrun.\` in front are of the module of that name ([ipc.md](ipc.md)).

| no. | call | support | may wait | done by | imports |
| --: | --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** @param {string} name @param {CallFacts} facts @param {string} support @param {string[]} wasmrun */
function row(name, { number, blocks, where, wasi }, support, wasmrun) {
  const by = where === 'thread' ? 'the caller' : 'the kernel'
  const imports = [...wasi, ...wasmrun.map((one) => `wasmrun.${one}`)].map((one) => `\`${one}\``).join(', ')
  return `| ${number} | \`${name}\` | ${support} | ${blocks ? 'yes' : ''} | ${by} | ${imports} |`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = await syscallsPage()
  const isCheck = process.argv.includes('--check')
  if (!isCheck) await writeFile(PAGE, wanted)
  else if ((await readFile(PAGE, 'utf8').catch(() => '')) !== wanted) {
    console.error('docs/syscalls.md is not what src/abi/syscalls.ts says: run node tools/syscalls-doc.mjs')
    process.exitCode = 1
  }
}
