/**
 * In step with a real folder: a folder of the origin's private filesystem stands in for one of the disk, since no headless browser grants
 * the permission to write. What "the disk" does is done through handles of the page's own; the machine's side is in the host worker.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { DiskStatus } from '../src/sdk/types.ts'
import { boot, drop, openSite, ready, run, type Site } from './browser.ts'

type Content = string | number[] | null

/** What the tests do on the disk, installed in the page. */
interface Disk {
  folder(fresh?: boolean): Promise<FileSystemDirectoryHandle>
  write(path: string, content: string | number[]): Promise<void>
  remove(path: string): Promise<void>
  /** Lines of path and SHA-256, for the disk or the machine. */
  dump(side: 'disk' | 'machine', without?: string[]): Promise<string[]>
  until(what: 'in-step' | 'permission' | 'vanished' | 'failed', milliseconds?: number): Promise<DiskStatus>
  /** In step, and both sides still when looked at once more. */
  settled(): Promise<DiskStatus>
  events: DiskStatus[]
}

declare global {
  interface Window {
    disk: Disk
  }
}

let site: Site

const install = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const NAME = 'real-folder'
    const root = (): Promise<FileSystemDirectoryHandle> => navigator.storage.getDirectory()
    const parts = (path: string): string[] => path.split('/')
    const parentOf = async (path: string): Promise<FileSystemDirectoryHandle> => {
      let folder = await window.disk.folder()
      for (const name of parts(path).slice(0, -1))
        folder = await folder.getDirectoryHandle(name, { create: true })
      return folder
    }
    const hash = async (bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> =>
      [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
        .slice(0, 8)
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')
    const walkDisk = async (
      folder: FileSystemDirectoryHandle,
      prefix: string,
      lines: string[],
    ): Promise<void> => {
      const jobs: Promise<void>[] = []
      for await (const child of folder.values()) {
        const path = prefix + child.name
        if (child.kind === 'directory') {
          lines.push(path)
          await walkDisk(child as FileSystemDirectoryHandle, `${path}/`, lines)
        } else
          jobs.push(
            (async () => {
              const file = await (child as FileSystemFileHandle).getFile()
              lines.push(`${path} ${await hash(await file.arrayBuffer())}`)
            })(),
          )
      }
      await Promise.all(jobs)
    }
    const walkMachine = async (at: string, prefix: string, lines: string[]): Promise<void> => {
      const { fs } = window.wasmrun
      for (const { name, kind } of await fs.readdir(at)) {
        const path = prefix + name
        if (kind === 'directory') {
          lines.push(path)
          await walkMachine(`${at}/${name}`, `${path}/`, lines)
        } else if (kind === 'file')
          lines.push(`${path} ${await hash(new Uint8Array(await fs.readFile(`${at}/${name}`)))}`)
      }
    }
    const pause = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => setTimeout(resolve, milliseconds))
    window.disk = {
      events: [],
      folder: async (fresh = false) => {
        if (fresh) await (await root()).removeEntry(NAME, { recursive: true }).catch(() => {})
        return (await root()).getDirectoryHandle(NAME, { create: true })
      },
      write: async (path, content) => {
        const file = await (await parentOf(path)).getFileHandle(parts(path).at(-1) ?? '', { create: true })
        const writer = await file.createWritable()
        await writer.write(typeof content === 'string' ? content : new Uint8Array(content))
        await writer.close()
      },
      remove: async (path) =>
        (await parentOf(path)).removeEntry(parts(path).at(-1) ?? '', { recursive: true }),
      dump: async (side, without = []) => {
        const lines: string[] = []
        if (side === 'disk') await walkDisk(await window.disk.folder(), '', lines)
        else await walkMachine('/home/project', '', lines)
        return lines.filter((line) => !without.some((start) => line.startsWith(start))).sort()
      },
      until: async (state, milliseconds = 15_000) => {
        const end = performance.now() + milliseconds
        while (window.wasmrun.disk.status.state !== state) {
          if (performance.now() > end)
            throw new Error(`not ${state}: ${JSON.stringify(window.wasmrun.disk.status)}`)
          await pause(10)
        }
        return window.wasmrun.disk.status
      },
      settled: async () => {
        for (let calm = 0; calm < 2; calm++) {
          const { lastInStep } = window.wasmrun.disk.status
          await window.wasmrun.disk.scan()
          const end = performance.now() + 60_000
          for (;;) {
            const { status } = window.wasmrun.disk
            if (status.state === 'in-step' && status.lastInStep > lastInStep) break
            if (performance.now() > end) throw new Error(`not in step: ${JSON.stringify(status)}`)
            await pause(10)
          }
        }
        return window.wasmrun.disk.status
      },
    }
    window.wasmrun.on('sync', (status) => window.disk.events.push(status))
  })

const connect = (page: Page, options: { readonly?: boolean; fresh?: boolean } = {}): Promise<DiskStatus> =>
  page.evaluate(async ({ fresh = true, ...rest }) => {
    await window.wasmrun.disk.connect(await window.disk.folder(fresh), rest)
    return window.disk.settled()
  }, options)

const onDisk = (page: Page, files: Record<string, Content>): Promise<void> =>
  page.evaluate(async (list) => {
    for (const [path, content] of list)
      await (content === null ? window.disk.remove(path) : window.disk.write(path, content))
  }, Object.entries(files))

const read = (page: Page, path: string): Promise<string> =>
  page.evaluate((at) => window.wasmrun.fs.readFile(`/home/project/${at}`, 'utf8'), path)

const equal = async (page: Page, without: string[] = []): Promise<string[]> => {
  const disk = await page.evaluate((some) => window.disk.dump('disk', some), without)
  const machine = await page.evaluate((some) => window.disk.dump('machine', some), without)
  assert.deepEqual(machine, disk)
  return disk
}

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

beforeEach(async () => {
  const { page } = site
  await page.reload()
  await ready(page)
  await install(page)
})

test('a folder and the machine come together, and what a process writes is on the disk', async () => {
  const { page } = site
  await page.evaluate(() => window.disk.folder(true))
  await onDisk(page, { 'main.py': 'print("hello")\n', 'data/raw.bin': [0, 255, 13, 10, 128] })
  const status = await connect(page, { fresh: false })
  assert.equal(status.folder, 'real-folder')
  assert.equal(status.pending, 0)
  assert.equal(status.noticing, 'observer')
  assert.equal(await read(page, 'main.py'), 'print("hello")\n')
  const program =
    'import os\nos.makedirs("out/deep")\nopen("out/deep/x.txt","w").write("from python")\nos.remove("data/raw.bin")\n'
  await page.evaluate((text) => window.wasmrun.fs.writeFile('/home/project/make.py', text), program)
  const finished = await run(page, 'python3', ['make.py'])
  assert.deepEqual([finished.code, finished.stderr], [0, ''])
  await page.evaluate(() => window.disk.settled())
  const lines = await equal(page)
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['data', 'main.py', 'make.py', 'out', 'out/deep', 'out/deep/x.txt'],
  )
})

test('an outside change reaches a process that is running', async () => {
  const { page } = site
  await connect(page)
  await onDisk(page, { 'config.txt': 'one' })
  await page.evaluate(() => window.disk.settled())
  const program =
    'import time\nwhile True:\n  text = open("config.txt").read()\n  if text == "two":\n    print("seen", flush=True)\n    break\n  time.sleep(0.005)\n'
  const seen = await page.evaluate(async (text) => {
    await window.wasmrun.fs.writeFile('/home/project/watch.py', text)
    const child = await window.wasmrun.spawn('python3', ['watch.py'])
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await window.disk.write('config.txt', 'two')
    const timer = setTimeout(() => void child.kill('SIGKILL'), 10_000)
    const output = await new Response(child.stdout).text()
    clearTimeout(timer)
    return output
  }, program)
  assert.equal(seen, 'seen\n')
})

test('nothing echoes: after a change the disk is written once and the machine not at all', async () => {
  const { page } = site
  await connect(page)
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/a', '1'))
  await page.evaluate(() => window.disk.settled())
  const before = await page.evaluate(async () => {
    const file = await (await (await window.disk.folder()).getFileHandle('a')).getFile()
    return { disk: file.lastModified, machine: (await window.wasmrun.fs.stat('/home/project/a')).changed }
  })
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2500)))
  const later = await page.evaluate(async () => {
    await window.disk.settled()
    const file = await (await (await window.disk.folder()).getFileHandle('a')).getFile()
    return { disk: file.lastModified, machine: (await window.wasmrun.fs.stat('/home/project/a')).changed }
  })
  assert.deepEqual(later, before)
})

test('both sides edit one file: both are kept, and it is said', async () => {
  const { page } = site
  await connect(page)
  await onDisk(page, { 'server.js': 'old' })
  await page.evaluate(() => window.disk.settled())
  await page.evaluate(async () => {
    await Promise.all([
      window.wasmrun.fs.writeFile('/home/project/server.js', 'ours'),
      window.disk.write('server.js', 'theirs'),
    ])
    await window.disk.settled()
  })
  assert.equal(await read(page, 'server.js'), 'theirs')
  assert.equal(await read(page, 'server.js.mine'), 'ours')
  await equal(page)
  const { conflicts } = await page.evaluate(() => window.wasmrun.disk.status)
  assert.deepEqual(
    conflicts.map(({ path, mine }) => [path, mine]),
    [['server.js', 'server.js.mine']],
  )
})

test('renames, removals and folders that change their kind, on both sides', async () => {
  const { page } = site
  await connect(page)
  await onDisk(page, { 'lib/a.js': 'a', 'lib/b.js': 'b', x: 'file' })
  await page.evaluate(() => window.disk.settled())
  await page.evaluate(async () => {
    const { fs } = window.wasmrun
    await fs.rename('/home/project/lib', '/home/project/source')
    await fs.rm('/home/project/x')
    await fs.mkdir('/home/project/x')
    await fs.writeFile('/home/project/x/inside', '1')
    await window.disk.settled()
  })
  const lines = await equal(page)
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['source', 'source/a.js', 'source/b.js', 'x', 'x/inside'],
  )
  await onDisk(page, { x: null, 'source/a.js': null })
  await onDisk(page, { x: 'a file again' })
  await page.evaluate(() => window.disk.settled())
  assert.equal(await read(page, 'x'), 'a file again')
  await equal(page)
})

test('what is ignored stays in the machine; links stay there too', async () => {
  const { page } = site
  await connect(page)
  await page.evaluate(async () => {
    const { fs } = window.wasmrun
    const at = '/home/project'
    await fs.mkdir(`${at}/node_modules/p`, { recursive: true })
    await fs.writeFile(`${at}/node_modules/p/index.js`, '1')
    await fs.mkdir(`${at}/.git/hooks`, { recursive: true })
    await fs.writeFile(`${at}/.git/hooks/pre-commit`, 'evil', { mode: 0o755 })
    await fs.writeFile(`${at}/.gitignore`, 'build/\n!.git\n')
    await fs.mkdir(`${at}/build`)
    await fs.writeFile(`${at}/build/out`, '1')
    await fs.writeFile(`${at}/run.sh`, '#!/bin/sh\n', { mode: 0o755 })
    await fs.symlink('run.sh', `${at}/link`)
    await window.disk.settled()
  })
  const lines = await page.evaluate(() => window.disk.dump('disk'))
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['.gitignore', 'run.sh'],
  )
  await onDisk(page, { 'run.sh': '#!/bin/sh\necho\n' })
  await page.evaluate(() => window.disk.settled())
  assert.equal(
    await page.evaluate(async () => (await window.wasmrun.fs.stat('/home/project/run.sh')).mode & 0o777),
    0o755,
  )
})

test('read-only: the disk is not written, and what changed here is counted', async () => {
  const { page } = site
  await page.evaluate(() => window.disk.folder(true))
  await onDisk(page, { a: '1', b: '1' })
  await connect(page, { readonly: true, fresh: false })
  const disk = await page.evaluate(() => window.disk.dump('disk'))
  const status = await page.evaluate(async () => {
    await window.wasmrun.fs.writeFile('/home/project/a', 'mine')
    await window.wasmrun.fs.rm('/home/project/b')
    return window.disk.settled()
  })
  assert.equal(status.pending, 2)
  assert.deepEqual(await page.evaluate(() => window.disk.dump('disk')), disk)
})

test('a storm of 5,000 files on the disk and a process that writes meanwhile: both trees are equal', async () => {
  const { page } = site
  await connect(page)
  await page.evaluate(async () => {
    for (let index = 0; index < 50; index++) await window.disk.write(`old/f${index}`, `${index}`)
    await window.disk.settled()
  })
  const program =
    'import os, sys\nfor r in range(12):\n  for i in range(40):\n    os.makedirs(f"made/d{i%5}", exist_ok=True)\n    open(f"made/d{i%5}/f{i}", "w").write(f"{r} {i}" * (i * 20))\n    if (r + i) % 7 == 0: os.remove(f"made/d{i%5}/f{i}")\n'
  const figures = await page.evaluate(async (text) => {
    await window.wasmrun.fs.writeFile('/home/project/storm.py', text)
    const child = await window.wasmrun.spawn('python3', ['storm.py'])
    const started = performance.now()
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let index = lane; index < 5000; index += 8)
        await window.disk.write(
          `checkout/d${index % 60}/f${index}.txt`,
          `content ${index} ${'x'.repeat(index % 300)}`,
        )
    })
    await Promise.all([...lanes, window.disk.remove('old')])
    const wrote = performance.now()
    const { code } = await child.exit
    await window.disk.settled()
    return { code, wrote: wrote - started, settled: performance.now() - wrote }
  }, program)
  assert.equal(figures.code, 0)
  const lines = await equal(page)
  assert.ok(lines.filter((line) => line.startsWith('checkout/') && line.includes('.txt')).length === 5000)
  assert.ok(!lines.some((line) => line.startsWith('old')))
  assert.deepEqual((await page.evaluate(() => window.wasmrun.disk.status)).conflicts, [])
  assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
  console.log(`5,000 files on the disk in ${figures.wrote | 0} ms, in step ${figures.settled | 0} ms later`)
})

test('the folder is removed: nothing goes here, and all comes back with it', async () => {
  const { page } = site
  await connect(page)
  await onDisk(page, { a: '1', 'd/b': '2' })
  await page.evaluate(() => window.disk.settled())
  const machine = await page.evaluate(() => window.disk.dump('machine'))
  await page.evaluate(async () => {
    await (await navigator.storage.getDirectory()).removeEntry('real-folder', { recursive: true })
    await window.wasmrun.disk.scan()
    await window.disk.until('vanished')
  })
  assert.deepEqual(await page.evaluate(() => window.disk.dump('machine')), machine)
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/a', 'changed meanwhile'))
  await page.waitForFunction(() => window.wasmrun.disk.status.pending === 1)
  // An empty one has come in its place: that is asked about, not followed.
  await page.evaluate(() => window.disk.folder())
  await page.waitForFunction(() => window.wasmrun.disk.status.message.includes('empty'))
  assert.equal(await page.evaluate(() => window.wasmrun.disk.reconnect('refill')), true)
  await page.evaluate(() => window.disk.settled())
  assert.deepEqual(
    (await equal(page)).map((line) => line.split(' ')[0]),
    ['a', 'd', 'd/b'],
  )
  assert.equal(await read(page, 'a'), 'changed meanwhile')
})

test('after a reload the project goes on with its folder: what changed on either side meanwhile is brought together', async () => {
  const { page } = site
  const id = await page.evaluate(async () => (await window.wasmrun.projects.create('In step')).id)
  await connect(page)
  await onDisk(page, { a: '1', b: '1', c: '1' })
  await page.evaluate(async () => {
    await window.disk.settled()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await window.wasmrun.projects.save()
  })
  await page.reload()
  await ready(page)
  await install(page)
  await onDisk(page, { a: '2', b: null })
  await page.evaluate(async (project) => {
    await window.wasmrun.projects.open(project)
    await window.disk.settled()
  }, id)
  assert.deepEqual(
    (await equal(page)).map((line) => line.split(' ')[0]),
    ['a', 'c'],
  )
  assert.equal(await read(page, 'a'), '2')
  assert.deepEqual((await page.evaluate(() => window.wasmrun.disk.status)).conflicts, [])
  await page.evaluate(async () => {
    await window.wasmrun.disk.disconnect()
    await window.wasmrun.projects.close()
  })
  assert.equal(await page.evaluate(() => window.wasmrun.disk.status.state), 'off')
})

test('a folder of the real disk, read-only: what another program does arrives, and it is never written', async () => {
  const { page } = site
  const folder = await mkdtemp(join(tmpdir(), 'sync-'))
  try {
    await writeFile(join(folder, 'main.py'), 'print(1)\n')
    await mkdir(join(folder, 'src'))
    await writeFile(join(folder, 'src/a.py'), 'a = 1\n')
    // A dropped folder may be read without a question; to write, a headless browser has nobody to ask.
    await page.evaluate(() => {
      const target = document.createElement('div')
      target.id = 'folder-target'
      target.style.cssText = 'position:fixed;inset:0;z-index:99999'
      document.body.append(target)
      target.addEventListener('dragover', (event) => event.preventDefault())
      target.addEventListener('drop', (event) => {
        event.preventDefault()
        event.stopPropagation()
        const handle = event.dataTransfer?.items[0]?.getAsFileSystemHandle()
        void handle?.then((one) =>
          window.wasmrun.disk.connect(one as FileSystemDirectoryHandle, { readonly: true }),
        )
      })
    })
    await drop(page, '#folder-target', [folder])
    await page.evaluate(() => window.disk.until('in-step'))
    assert.equal(await read(page, 'src/a.py'), 'a = 1\n')
    const arrives = (path: string, text: string | null): Promise<void> =>
      page.evaluate(
        async ({ path, text }) => {
          const end = performance.now() + 10_000
          for (;;) {
            const now = await window.wasmrun.fs.readFile(`/home/project/${path}`, 'utf8').catch(() => null)
            if (now === text) return
            if (performance.now() > end) throw new Error(`${path} is ${JSON.stringify(now)}`)
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        },
        { path, text },
      )
    // As editors save: in place, and by renaming a new file over the old one.
    await writeFile(join(folder, 'main.py'), 'print(2)\n')
    await arrives('main.py', 'print(2)\n')
    await writeFile(join(folder, 'main.py~new'), 'print(3)\n')
    await rename(join(folder, 'main.py~new'), join(folder, 'main.py'))
    await arrives('main.py', 'print(3)\n')
    await rename(join(folder, 'src'), join(folder, 'lib'))
    await arrives('lib/a.py', 'a = 1\n')
    await arrives('src/a.py', null)
    const status = await page.evaluate(async () => {
      await window.wasmrun.fs.writeFile('/home/project/main.py', 'mine')
      return window.disk.settled()
    })
    assert.deepEqual([status.pending, status.readonly], [1, true])
    await writeFile(join(folder, 'main.py'), 'theirs')
    await arrives('main.py', 'theirs')
    assert.equal(await read(page, 'main.py.mine'), 'mine')
    await rename(folder, `${folder}-moved`)
    await page.evaluate(async () => {
      await window.wasmrun.disk.scan()
      await window.disk.until('vanished')
    })
    assert.equal(await read(page, 'lib/a.py'), 'a = 1\n')
    await rename(`${folder}-moved`, folder)
    await page.evaluate(() => window.disk.until('in-step'))
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(`${folder}-moved`, { recursive: true, force: true })
  }
})
