/**
 * A machine that grows: its shared memory, in a real tab, to several times what it begins with. Trees are packed in the page and
 * written by the kernel; what is read back through the API is compared by its SHA-256.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { packTree, type TreeSource } from '../src/abi/tree.ts'
import { boot, openSite, run, type Site } from './browser.ts'

const MIB = 2 ** 20
const LARGE_FILES = 16
const LARGE_BYTES = 25 * MIB
const SMALL_FILES = 60_000
const PER_DIRECTORY = 1000
const READ_BACK = 500

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

const machine = () => site.page.evaluate(() => window.wasmrun.machine())
const fsck = () => site.page.evaluate(() => window.wasmrun.check())

test(`${(LARGE_FILES * LARGE_BYTES) / MIB} MiB in ${LARGE_FILES} files: the memory grows in the tab, and every byte is there`, async (context) => {
  const before = await machine()
  const { sums, found, milliseconds } = await site.page.evaluate(
    async ({ files, size }) => {
      const sum = async (bytes: Uint8Array): Promise<string> => {
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice()))
        return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
      }
      const sums: string[] = []
      const found: string[] = []
      const start = performance.now()
      for (let file = 0; file < files; file++) {
        const words = new Uint32Array(size / 4)
        for (let index = 0; index < words.length; index++)
          words[index] = Math.imul(index ^ (file << 24), 2654435761)
        const bytes = new Uint8Array(words.buffer)
        sums.push(await sum(bytes))
        await window.wasmrun.mount({ [`large${file}`]: bytes }, '/tmp/large')
      }
      for (let file = 0; file < files; file++)
        found.push(await sum(await window.wasmrun.fs.readFile(`/tmp/large/large${file}`)))
      return { sums, found, milliseconds: performance.now() - start }
    },
    { files: LARGE_FILES, size: LARGE_BYTES },
  )
  assert.deepEqual(found, sums)
  assert.equal(new Set(sums).size, LARGE_FILES)
  const after = await machine()
  context.diagnostic(
    `memory ${before.size / MIB} → ${after.size / MIB} MiB, ${after.used / MIB} in use, ${Math.round(milliseconds)} ms`,
  )
  assert.ok(after.size > before.size + LARGE_FILES * LARGE_BYTES * 0.9, `${after.size} bytes of memory`)
  assert.deepEqual(await fsck(), [])
})

test(`${SMALL_FILES} files in one packed tree: all are there, and what is read back is what was written`, async (context) => {
  const sources: TreeSource[] = []
  for (let index = 0; index < SMALL_FILES; index++) {
    const directory = `d${Math.floor(index / PER_DIRECTORY)}`
    if (index % PER_DIRECTORY === 0) sources.push({ kind: 2, path: directory })
    sources.push({ kind: 1, path: `${directory}/f${index}`, data: `file number ${index}` })
  }
  const tree = Buffer.from(packTree(sources)).toString('base64')
  const { files, wrong, milliseconds } = await site.page.evaluate(
    async ({ tree, count, perDirectory, look }) => {
      const bytes = Uint8Array.from(atob(tree), (char) => char.charCodeAt(0))
      const start = performance.now()
      await window.wasmrun.mount(bytes, '/tmp/small')
      const milliseconds = performance.now() - start
      let files = 0
      for (const { name } of await window.wasmrun.fs.readdir('/tmp/small'))
        files += (await window.wasmrun.fs.readdir(`/tmp/small/${name}`)).length
      const wrong: string[] = []
      for (let index = 0; index < count; index += Math.floor(count / look)) {
        const path = `/tmp/small/d${Math.floor(index / perDirectory)}/f${index}`
        const text = await window.wasmrun.fs.readFile(path, 'utf8')
        if (text !== `file number ${index}`) wrong.push(`${path}: ${text}`)
      }
      return { files, wrong, milliseconds }
    },
    { tree, count: SMALL_FILES, perDirectory: PER_DIRECTORY, look: READ_BACK },
  )
  assert.deepEqual(wrong, [])
  assert.equal(files, SMALL_FILES)
  context.diagnostic(`${SMALL_FILES} files written in ${Math.round(milliseconds)} ms`)
  assert.ok((await machine()).files >= SMALL_FILES)
  assert.deepEqual(await fsck(), [])
})

test('a program in the grown machine sees files beyond the memory that it began with', async () => {
  const script = 'import os\nprint(len(os.listdir("/tmp/small")), os.path.getsize("/tmp/large/large15"))\n'
  await site.page.evaluate((text) => window.wasmrun.fs.writeFile('/home/project/look.py', text), script)
  const { stdout, stderr } = await run(site.page, 'python3', ['look.py'])
  assert.equal(stdout, `${SMALL_FILES / PER_DIRECTORY} ${LARGE_BYTES}\n`, stderr)
})

test('ten copies of the same tree in one machine cost once, and a program that writes to one changes one', async (context) => {
  const before = await machine()
  const bytes = await site.page.evaluate(async () => {
    const words = new Uint32Array(2_000_000).map((_, index) => Math.imul(index, 2246822519))
    const tree = { 'index.js': new Uint8Array(words.buffer), 'small.js': 'export default 1\n' }
    for (let copy = 0; copy < 10; copy++) await window.wasmrun.mount(tree, `/tmp/copy${copy}`)
    return words.byteLength
  })
  const grown = (await machine()).used - before.used
  context.diagnostic(`ten copies of ${bytes} bytes took ${grown} bytes`)
  assert.ok(grown < bytes * 1.15, `${grown} bytes for ten copies of ${bytes}`)
  const script = 'f = open("/tmp/copy3/index.js", "r+b")\nf.seek(5000000)\nf.write(b"changed")\nf.close()\n'
  await site.page.evaluate((text) => window.wasmrun.fs.writeFile('/home/project/change.py', text), script)
  const { code, stderr } = await run(site.page, 'python3', ['change.py'])
  assert.equal(code, 0, stderr)
  const changed = await site.page.evaluate(async () => {
    const first = await window.wasmrun.fs.readFile('/tmp/copy0/index.js')
    const places: string[] = []
    for (let copy = 1; copy < 10; copy++) {
      const bytes = await window.wasmrun.fs.readFile(`/tmp/copy${copy}/index.js`)
      for (let at = 0; at < bytes.length; at++) if (bytes[at] !== first[at]) places.push(`${copy}:${at}`)
    }
    return places
  })
  assert.deepEqual(
    changed.filter((place) => !/^3:500000[0-6]$/.test(place)),
    [],
  )
  assert.ok(changed.length > 0)
  assert.deepEqual(await fsck(), [])
})
