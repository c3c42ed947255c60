/** Ways in for a project: folder, file and archive dropped, chosen by the inputs, from the gallery; and what is hostile. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { bombZip, goodZip, hostileZip, lyingZip, truncatedZip } from './archives.ts'
import { boot, drop, openSite, type Site, startOver } from './browser.ts'
import { sees } from './console.ts'
import { openWorkshop, type Workshop } from './projects.ts'

let site: Site
let page: Page
let workshop: Workshop

before(async () => {
  site = await openSite()
  page = await boot(site)
  workshop = openWorkshop()
})
after(async () => {
  workshop?.close()
  await site?.close()
})
beforeEach(async () => {
  await startOver(page)
})

const bring = (...paths: string[]): Promise<void> => drop(page, '[data-testid="socket"]', paths)
const runs = async (words: RegExp): Promise<void> => {
  await page.getByTestId('run').click()
  await sees(page, words, 'out', 60_000)
}

/** All files below a folder of the machine, relative to it. */
const inside = (path = '/home/project'): Promise<string[]> =>
  page.evaluate(async (root) => {
    const found: string[] = []
    const walk = async (folder: string): Promise<void> => {
      for (const { name, kind } of await window.wasmrun.fs.readdir(folder)) {
        if (kind === 'directory') await walk(`${folder}/${name}`)
        else found.push(`${folder}/${name}`.slice(root.length + 1))
      }
    }
    await walk(root)
    return found.sort()
  }, path)

/** Opens the list of what was left out, if there is one. */
const leftOut = async (): Promise<string> => {
  await page.getByRole('button', { name: /^\d+ left out/ }).click()
  const text = await page.getByRole('list', { name: 'Left out' }).innerText()
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click()
  return text
}

test('a dropped folder: .gitignore at every level counts, heavy folders stay out, and the list says why', async () => {
  const path = workshop.write('ignored', {
    'main.py': 'print("here")\n',
    '.gitignore': '*.log\n!keep.log\n/secret/\n',
    'noise.log': 'x',
    'keep.log': 'x',
    'secret/key.txt': 'x',
    'src/.gitignore': 'generated.*\n',
    'src/generated.py': 'x',
    'src/real.py': 'x',
    'node_modules/left-pad/index.js': 'x',
    '__pycache__/main.cpython-312.pyc': 'x',
    '.git/HEAD': 'ref: refs/heads/main\n',
  })
  await bring(path)
  await page.getByTestId('run').waitFor()
  assert.deepEqual(await inside(), ['.gitignore', 'keep.log', 'main.py', 'src/.gitignore', 'src/real.py'])
  const list = await leftOut()
  for (const name of ['noise.log', 'secret', 'generated.py', 'node_modules', '__pycache__', '.git'])
    assert.ok(list.includes(name), `${name} is listed: ${list}`)
  assert.match(list, /packages are installed anew/)
  assert.ok(await page.getByRole('treeitem', { name: 'main.py' }).isVisible())
  await runs(/here/)
})

test('the list of what was left out says what the folder picker of this browser never lists', async () => {
  await bring(workshop.write('noted', { 'main.py': 'print(1)\n', '.gitignore': 'x.txt\n', 'x.txt': 'x' }))
  await page.getByRole('button', { name: /^\d+ left out/ }).click()
  await page
    .getByRole('dialog')
    .getByText(/chosen and not dropped comes without files whose names hold a backslash/)
    .waitFor()
  assert.equal(await page.evaluate(() => 'showDirectoryPicker' in window), true)
})

test('a single Python file is a project', async () => {
  await bring(join(workshop.write('single', { 'alone.py': 'print("alone")\n' }), 'alone.py'))
  await runs(/alone/)
})

test('a single .wasm is a project', async () => {
  const { path } = workshop.rust()
  const folder = workshop.write('wasm', { 'words.txt': 'a b c\n' })
  await bring(
    join(path, 'target/wasm32-wasip1/release', path.endsWith('counter') ? 'counter.wasm' : 'rust-hello.wasm'),
  )
  await page.getByTestId('run').waitFor()
  assert.equal((await inside()).filter((name) => name.endsWith('.wasm')).length, 1)
  rmSync(folder, { recursive: true })
})

test('a dropped .zip is opened, without the folder around everything', async () => {
  const folder = workshop.write('zips', {
    'good.zip': goodZip({ 'app/main.py': 'print("zipped")\n', 'app/lib/x.py': '' }),
  })
  await bring(join(folder, 'good.zip'))
  await runs(/zipped/)
  assert.deepEqual(await inside(), ['lib/x.py', 'main.py'])
})

test('the folder input and the file input bring the same', async () => {
  const path = workshop.write('chosen', { 'main.py': 'print("chosen")\n', 'lib/a.py': '' })
  await page.getByTestId('folder-input').setInputFiles(path)
  await runs(/chosen/)
  assert.deepEqual(await inside(), ['lib/a.py', 'main.py'])
  await startOver(page)
  const zip = join(
    workshop.write('chosen-zip', { 'z.zip': goodZip({ 'main.py': 'print("from the zip")\n' }) }),
    'z.zip',
  )
  await page.getByTestId('zip-input').setInputFiles(zip)
  await runs(/from the zip/)
})

for (const [id, words] of [
  ['javascript-hello', /The way out takes \d+ steps/],
  ['rust-hello', /Where to\?/],
  ['tinygo-hello', /\d+ cells live on/],
  ['ipc', /nobody can ask any more; the count is 50/],
] as const) {
  test(`the example ${id} opens from the gallery and runs`, async () => {
    await page.locator(`[data-example="${id}"]`).click()
    await runs(words)
  })
}

test('another project takes the place of the first: its files and its programs are gone', async () => {
  await bring(
    workshop.write('first', { 'main.py': 'import time\nprint("first", flush=True)\ntime.sleep(600)\n' }),
  )
  await runs(/first/)
  await drop(page, 'body', [workshop.write('second', { 'other.py': 'print("second")\n' })])
  await page.getByRole('treeitem', { name: 'other.py' }).waitFor()
  assert.deepEqual(await inside(), ['other.py'])
  const running = await page.evaluate(async () =>
    (await window.wasmrun.processes.list())
      .filter(({ state }) => state !== 'ended')
      .map(({ command }) => command),
  )
  assert.deepEqual(running, [])
  await runs(/second/)
})

const bulky = (): string => {
  const files: Record<string, Uint8Array | string> = {
    'main.py': 'print("big")\n',
    'huge.bin': new Uint8Array(11_000_000),
  }
  for (let n = 0; n < 6; n++) files[`data/part${n}.bin`] = new Uint8Array(9_000_000)
  return workshop.write('bulky', files)
}

test('a project over the limits is asked about: what fits is opened, the rest is listed', async () => {
  await bring(bulky())
  const question = page.getByTestId('over-limits')
  await question.waitFor()
  await question.getByRole('button', { name: /^Open / }).click()
  await page.getByTestId('run').waitFor()
  const names = await inside()
  assert.ok(names.includes('main.py') && !names.includes('huge.bin') && names.length < 8, names.join())
  assert.match(await leftOut(), /huge\.bin/)
  await runs(/big/)
})

test('the offer to raise the limits loads everything', async () => {
  await bring(bulky())
  const question = page.getByTestId('over-limits')
  await question.getByRole('button', { name: /^Load everything/ }).click()
  await page.getByTestId('run').waitFor({ timeout: 60_000 })
  assert.equal((await inside()).length, 8)
})

test('Cancel in the question leaves the start screen as it was', async () => {
  await bring(bulky())
  await page.getByTestId('over-limits').getByRole('button', { name: 'Cancel' }).click()
  await page.getByTestId('socket').getByRole('button', { name: 'Open folder' }).waitFor()
})

test('names with unicode, blanks, quotes and 255 bytes come through; a program reads them all', async () => {
  const long = `${'l'.repeat(251)}.txt`
  const names = [
    'grüße.txt',
    '日本語.txt',
    '🦀 crab.txt',
    "it's.txt",
    '%41 &?#.txt',
    'e\u0301 decomposed.txt',
    '-rf.txt',
    long,
  ]
  const files = Object.fromEntries(names.map((name) => [name, name]))
  const script = [
    'import os',
    'names = sorted(name for name in os.listdir(".") if name.endswith(".txt"))',
    'print("same", all(open(name, encoding="utf-8").read() == name for name in names), len(names))',
  ].join('\n')
  await bring(workshop.write('names', { ...files, 'main.py': script }))
  await runs(new RegExp(`same True ${names.length}`))
})

test('names with a newline, a backslash or control bytes are loaded or listed, never lost in silence', async () => {
  const path = workshop.write('odd', { 'main.py': 'print("odd")\n' })
  for (const name of ['line\nbreak.txt', 'back\\slash.txt', 'bell\x07.txt'])
    writeFileSync(join(path, name), name)
  await bring(path)
  await page.getByTestId('run').waitFor()
  const names = await inside()
  const list = (await page.getByRole('button', { name: /^\d+ left out/ }).count()) > 0 ? await leftOut() : ''
  const told = names.length - 1 + list.split('\n').filter((line) => /\.txt/.test(line)).length
  assert.ok(told >= 3, `loaded ${JSON.stringify(names)}, listed ${JSON.stringify(list)}`)
  await runs(/odd/)
})

test('links in circles on the disk do not hold up the import', async () => {
  const path = workshop.write('circle', { 'main.py': 'print("round")\n', 'a/x.txt': 'x' })
  symlinkSync('..', join(path, 'a', 'up'))
  symlinkSync('self', join(path, 'self'))
  await bring(path)
  await runs(/round/)
})

test('a folder that vanishes while it is read is told, with what was kept', async () => {
  const path = join(workshop.folder, 'vanishing')
  mkdirSync(path)
  for (let n = 0; n < 300; n++) writeFileSync(join(path, `file${n}.txt`), `${n}`)
  // The reader is held up in the middle: what it then meets is the disk as it is.
  await page.evaluate(() => {
    const { getFile } = FileSystemFileHandle.prototype
    const gate = { isHeld: false, open: (): void => {} }
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve
    })
    let asked = 0
    FileSystemFileHandle.prototype.getFile = async function (this: FileSystemFileHandle) {
      if (++asked > 100) {
        gate.isHeld = true
        await opened
      }
      return getFile.call(this)
    }
    Object.assign(window, { gate })
  })
  await bring(path)
  await page.waitForFunction(() => Reflect.get(window, 'gate').isHeld)
  rmSync(path, { recursive: true })
  await page.evaluate(() => Reflect.get(window, 'gate').open())
  const card = page.getByTestId('fault-card')
  await card.waitFor()
  const text = await card.innerText()
  assert.match(text, /could not be (read to its end|opened)/)
  assert.match(text, /Cause/)
  assert.equal((await page.evaluate(() => window.wasmrun.machine())).isolated, true)
})

test('a hostile archive: what leads out is left out and listed, the rest is safe and runs', async () => {
  await bring(join(workshop.write('hostile', { 'hostile.zip': hostileZip() }), 'hostile.zip'))
  await runs(/safe/)
  assert.deepEqual(await inside(), ['link-in', 'main.py'])
  const list = await leftOut()
  for (const name of ['evil.txt', 'evil2.txt', 'absolute.txt', 'windows.txt', 'link-out', 'link-up'])
    assert.ok(list.includes(name), `${name} is listed: ${list}`)
  const outside = await page.evaluate(async () => {
    const found: string[] = []
    for (const path of ['/evil.txt', '/home/evil.txt', '/home/evil2.txt', '/etc/absolute.txt'])
      await window.wasmrun.fs.stat(path).then(
        () => found.push(path),
        () => undefined,
      )
    return found
  })
  assert.deepEqual(outside, [])
})

for (const [what, make, words] of [
  ['a bomb', bombZip, /bomb|times|larger|limit|MB/i],
  ['a lying header', lyingZip, /data\.bin|damaged|more than/i],
  ['a cut-off end', truncatedZip, /zip|archive|cut|end/i],
  ['something that is no archive', () => new TextEncoder().encode('hello'), /zip|archive/i],
] as const) {
  test(`an archive with ${what} ends in words, not in a full machine`, async () => {
    await bring(join(workshop.write(`bad ${what}`, { 'bad.zip': make() }), 'bad.zip'))
    const told = page
      .getByTestId('fault-card')
      .or(page.getByTestId('over-limits'))
      .or(page.getByRole('button', { name: /^\d+ left out/ }))
    await told.first().waitFor()
    const isListed = (await page.getByRole('button', { name: /^\d+ left out/ }).count()) > 0
    const text = isListed ? await leftOut() : await told.first().innerText()
    assert.match(text, words)
    const { used } = await page.evaluate(() => window.wasmrun.machine())
    assert.ok(used < 30_000_000, `${used} bytes used`)
  })
}

test('a malformed package.json is named with the place of the error, and the project still opens', async () => {
  const path = workshop.write('manifest', {
    'package.json': '{"name": "x",\n "main": }\n',
    'index.js': 'console.log("anyway")\n',
  })
  await bring(path)
  await page.getByTestId('run').waitFor()
  await page
    .getByText(/package\.json/)
    .first()
    .waitFor()
  await runs(/anyway/)
})

test('the API refuses names that no file can have, and links in circles', async () => {
  const codes = await page.evaluate(async () => {
    const codeOf = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'done',
        (error: Error & { code?: string }) => error.code ?? error.message,
      )
    const { fs } = window.wasmrun
    await fs.symlink('/tmp/b', '/tmp/a')
    await fs.symlink('/tmp/a', '/tmp/b')
    return [
      await codeOf(fs.writeFile(`/tmp/${'x'.repeat(256)}`, '')),
      await codeOf(fs.writeFile(`/tmp/${'x'.repeat(255)}`, '')),
      await codeOf(fs.readFile('/tmp/a')),
      await codeOf(fs.writeFile('/tmp/nul\0byte', '')),
      await codeOf(fs.readFile('/tmp/none')),
      await codeOf(fs.readdir('/tmp/none/deeper')),
    ]
  })
  assert.deepEqual(codes, ['ENAMETOOLONG', 'done', 'ELOOP', 'EINVAL', 'ENOENT', 'ENOENT'])
})
