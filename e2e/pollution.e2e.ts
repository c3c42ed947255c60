/**
 * Names and values of a guest's that lead to prototypes, wherever the machine takes them: files, arguments, variables, titles, settings
 * of a project, archives. They are names like any other, and no prototype in page or kernel gets anything from them.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { zipSync } from 'fflate'
import { boot, openSite, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site
before(async () => {
  site = await openSite()
  await boot(site)
  const bytes = [...readProgram('probe')]
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/tmp/probe.wasm', new Uint8Array(list)),
    bytes,
  )
})
after(() => site?.close())

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then']

/** Own keys of what everything inherits from, in the page and in every worker of it: a change is seen whoever made it. */
const prototypes = async (): Promise<string[]> => {
  const look = (): string =>
    [Object, Array, Function, String, Promise, Map, Uint8Array]
      .map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join())
      .join(';')
  // One that has been stopped in between has no answer any more.
  const workers = await Promise.all(
    site.page.workers().map((worker) => worker.evaluate(look).catch(() => null)),
  )
  return [await site.page.evaluate(look), ...workers.filter((keys) => keys !== null)]
}

test('files, arguments, variables and titles that lead to prototypes', { timeout: 60_000 }, async () => {
  const before = await prototypes()
  assert.ok(before.length >= 3, 'page, host and kernel')
  const seen = await site.page.evaluate(async (names) => {
    const { fs, spawn, mount, processes } = window.wasmrun
    const tree = JSON.parse(`{${names.map((name) => `"${name}":{"polluted":"yes"}`).join()}}`)
    await mount(tree, '/home/project/tree')
    await fs.mkdir('/home/project/__proto__', { recursive: true })
    for (const name of names)
      await fs.writeFile(`/home/project/${name === '__proto__' ? '__proto__/x' : name}`, 'polluted')
    const env = Object.fromEntries(names.map((name) => [name, 'polluted']))
    Object.defineProperty(env, '__proto__', { value: 'polluted', enumerable: true })
    const children = await Promise.all(
      names.map((name) =>
        spawn('/tmp/probe.wasm', ['sleep', '60000', ...names], { env, title: name, argv0: name }),
      ),
    )
    const listed = (await processes.list()).map(({ command }) => command)
    for (const child of children) await child.kill('SIGKILL')
    await Promise.all(children.map((child) => child.exit))
    return {
      listed,
      mounted: (await fs.readdir('/home/project/tree')).map(({ name }) => name),
      text: await fs.readFile('/home/project/tree/__proto__/polluted', 'utf8'),
      polluted: ({} as { polluted?: string }).polluted,
    }
  }, NAMES)
  assert.deepEqual(seen.listed.sort(), [...NAMES].sort())
  assert.deepEqual(seen.mounted.sort(), [...NAMES].sort())
  assert.equal(seen.text, 'yes')
  assert.equal(seen.polluted, undefined)
  for (const each of await prototypes()) assert.ok(before.includes(each), each)
})

test('an archive, a project’s settings and a manifest that lead to prototypes', {
  timeout: 60_000,
}, async () => {
  const before = new Set(await prototypes())
  const text = (words: string): Uint8Array => new TextEncoder().encode(words)
  const zip = zipSync({
    '__proto__/polluted': text('yes'),
    'constructor/prototype/polluted': text('yes'),
    'package.json': text(
      '{"name":"p","__proto__":{"polluted":"yes"},"scripts":{"__proto__":"x","start":"qjs a.js"},"dependencies":{"__proto__":"1"}}',
    ),
    '.wasmrun.toml': text(
      '[__proto__]\npolluted = "yes"\n[limits]\n__proto__ = 5\nconstructor = 5\n[run.constructor.prototype]\npolluted = "yes"\n',
    ),
    'a.js': text('Object.prototype.polluted = "yes"; Array.prototype.polluted = "yes"; print(({}).polluted)'),
  })
  await site.page.setInputFiles('#zip-input', {
    name: 'polluted.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from(zip),
  })
  await site.page.getByTestId('run').waitFor()
  const seen = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('qjs', ['a.js'])
    const words = await new Response(child.stdout).text()
    return {
      words,
      names: (await window.wasmrun.fs.readdir('/home/project')).map(({ name }) => name).sort(),
      polluted: ({} as { polluted?: string }).polluted ?? null,
    }
  })
  assert.equal(
    seen.words.trim(),
    'yes',
    'the guest has prototypes of its own, and may do with them what it likes',
  )
  assert.equal(seen.polluted, null)
  for (const name of ['__proto__', 'constructor']) assert.ok(seen.names.includes(name), String(seen.names))
  for (const each of await prototypes()) assert.ok(before.has(each))
})
