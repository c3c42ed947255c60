/** The public API as an embedding site uses it, call by call, in the browser. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { zipSync } from 'fflate'
import type { Page } from 'playwright-core'
import { boot, mount, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site
let page: Page

before(async () => {
  site = await openSite()
  page = await boot(site)
  await mount(page, { 'probe.wasm': readProgram('probe') }, '/home/tools')
})
after(() => site?.close())

test('mount takes a directory handle, with what a .gitignore names, and leaves the folder as it was', async () => {
  const seen = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle('given', { create: true })
    const write = async (into: FileSystemDirectoryHandle, name: string, text: string): Promise<void> => {
      const stream = await (await into.getFileHandle(name, { create: true })).createWritable()
      await stream.write(text)
      await stream.close()
    }
    await write(folder, 'main.js', 'print("from a handle")\n')
    await write(folder, '.gitignore', 'made.txt\n')
    await write(folder, 'made.txt', 'ignored by git')
    const inner = await folder.getDirectoryHandle('ünter', { create: true })
    await write(inner, 'grüße.txt', 'grüße')
    const { leftOut } = await window.wasmrun.mount(folder, '/home/handle')
    const names = (await window.wasmrun.fs.readdir('/home/handle')).map(({ name }) => name).sort()
    const text = await window.wasmrun.fs.readFile('/home/handle/ünter/grüße.txt', 'utf8')
    await window.wasmrun.fs.writeFile('/home/handle/main.js', 'print("changed")\n')
    const original = await (await (await folder.getFileHandle('main.js')).getFile()).text()
    return { leftOut, names, text, original }
  })
  assert.deepEqual(seen, {
    leftOut: [],
    names: ['.gitignore', 'made.txt', 'main.js', 'ünter'],
    text: 'grüße',
    original: 'print("from a handle")\n',
  })
  assert.equal((await run(page, 'qjs', ['main.js'], { cwd: '/home/handle' })).stdout, 'changed\n')
})

test('mount takes the bytes of a .zip and a Blob of them, and the caller keeps its bytes', async () => {
  const zip = zipSync({ 'app/a.txt': new TextEncoder().encode('a'), '../out.txt': new Uint8Array(1) })
  const seen = await page.evaluate(
    async (list) => {
      const bytes = Uint8Array.from(list)
      const first = await window.wasmrun.mount(bytes, '/home/zip')
      await window.wasmrun.mount(new Blob([bytes]), '/home/blob')
      return {
        kept: bytes.length,
        leftOut: first.leftOut.map(({ path }) => path),
        texts: await Promise.all(
          ['/home/zip', '/home/blob'].map((path) => window.wasmrun.fs.readFile(`${path}/a.txt`, 'utf8')),
        ),
      }
    },
    [...zip],
  )
  assert.deepEqual(seen, { kept: zip.length, leftOut: ['../out.txt'], texts: ['a', 'a'] })
})

test('mount takes a tree of text, bytes, folders and links', async () => {
  const seen = await page.evaluate(async () => {
    const { fs, mount } = window.wasmrun
    const tree = {
      'a.txt': 'text',
      'b.bin': Uint8Array.of(0, 255),
      empty: {},
      deep: { er: { link: { symlink: '../../a.txt' } } },
    }
    await mount(tree, '/home/tree')
    return {
      kinds: (await fs.readdir('/home/tree')).map(({ name, kind }) => [name, kind]).sort(),
      bytes: [...(await fs.readFile('/home/tree/b.bin'))],
      through: await fs.readFile('/home/tree/deep/er/link', 'utf8'),
      link: await fs.readlink('/home/tree/deep/er/link'),
    }
  })
  assert.deepEqual(seen, {
    kinds: [
      ['a.txt', 'file'],
      ['b.bin', 'file'],
      ['deep', 'directory'],
      ['empty', 'directory'],
    ],
    bytes: [0, 255],
    through: 'text',
    link: '../../a.txt',
  })
})

test('fs: what is written, appended, renamed, linked and removed is what is read, with sizes, modes and times', async () => {
  const seen = await page.evaluate(async () => {
    const { fs } = window.wasmrun
    await fs.mkdir('/home/fs/a/b', { recursive: true })
    await fs.writeFile('/home/fs/a/x.sh', 'one\n', { mode: 0o755 })
    await fs.writeFile('/home/fs/a/x.sh', 'two\n', { append: true })
    await fs.symlink('x.sh', '/home/fs/a/link')
    const [file, link] = [await fs.stat('/home/fs/a/link'), await fs.lstat('/home/fs/a/link')]
    await fs.rename('/home/fs/a/x.sh', '/home/fs/a/b/y.sh')
    const text = await fs.readFile('/home/fs/a/b/y.sh', 'utf8')
    const codeOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'ok',
        (error: { code: string; errno: number; message: string }) => [
          error.code,
          error.errno,
          error.message.includes('/home/fs'),
        ],
      )
    const refusals = [
      await codeOf(fs.readFile('/home/fs/a/link')),
      await codeOf(fs.mkdir('/home/fs/a')),
      await codeOf(fs.rm('/home/fs/a')),
      await codeOf(fs.rm('/home/fs/none')),
      await codeOf(fs.rm('/home/fs/none', { force: true })),
      await codeOf(fs.rm('/home/fs/a', { recursive: true })),
      await codeOf(fs.stat('/home/fs/a')),
    ]
    const age = Date.now() - Number(file.modified / 1_000_000n)
    return {
      file: [file.kind, file.size, file.mode, file.links, typeof file.modified, age >= 0 && age < 60_000],
      link: link.kind,
      text,
      refusals,
    }
  })
  assert.deepEqual(seen, {
    file: ['file', 8, 0o755, 1, 'bigint', true],
    link: 'symlink',
    text: 'one\ntwo\n',
    refusals: [
      ['ENOENT', 44, true],
      ['EEXIST', 20, true],
      ['EISDIR', 31, true],
      ['ENOENT', 44, true],
      'ok',
      'ok',
      ['ENOENT', 44, true],
    ],
  })
})

test('fs.watch tells of changes by the page and by programs, at and below the folder, until it is ended', async () => {
  const seen = await page.evaluate(async () => {
    const { fs, spawn } = window.wasmrun
    await fs.mkdir('/home/watched/deep', { recursive: true })
    await fs.mkdir('/home/unwatched', { recursive: true })
    const paths: string[] = []
    const heard = async (path: string): Promise<boolean> => {
      const end = Date.now() + 10_000
      while (!paths.includes(path) && Date.now() < end) await new Promise((done) => setTimeout(done, 20))
      return paths.includes(path)
    }
    const stop = fs.watch('/home/watched', (changed) => paths.push(...changed.map(({ path }) => path)))
    // The kernel has to know of it first; a change is repeated until it is heard of.
    while (paths.length === 0) {
      await fs.writeFile('/home/watched/first.txt', String(Math.random()))
      await new Promise((done) => setTimeout(done, 50))
    }
    await fs.writeFile('/home/unwatched/other.txt', 'x')
    await fs.writeFile('/home/watched/deep/by-page.txt', 'x')
    const byPage = await heard('/home/watched/deep/by-page.txt')
    const child = await spawn('/home/tools/probe.wasm', ['write-file', 'by-program.txt', '10'], {
      cwd: '/home/watched',
    })
    await child.exit
    const byProgram = await heard('/home/watched/by-program.txt')
    await fs.rm('/home/watched/deep/by-page.txt')
    const outside = paths.filter((path) => !path.startsWith('/home/watched'))
    stop()
    await new Promise((done) => setTimeout(done, 300))
    paths.length = 0
    await fs.writeFile('/home/watched/after.txt', 'x')
    await new Promise((done) => setTimeout(done, 500))
    return { byPage, byProgram, outside, after: [...paths] }
  })
  assert.deepEqual(seen, { byPage: true, byProgram: true, outside: [], after: [] })
})

test('spawn: stdin, stdout and stderr apart, input while it runs, and a status that settles once', async () => {
  const seen = await page.evaluate(async () => {
    const { spawn } = window.wasmrun
    const cat = await spawn('/home/tools/probe.wasm', ['cat'])
    const writer = cat.input.getWriter()
    await writer.write('text, ')
    await writer.write(new TextEncoder().encode('bytes'))
    await writer.close()
    const text = await new Response(cat.stdout).text()
    const noisy = await spawn('/home/tools/probe.wasm', ['stderr', 'oops'])
    const [out, err] = await Promise.all([
      new Response(noisy.stdout).text(),
      new Response(noisy.stderr).text(),
    ])
    const tagged = await spawn('qjs', ['-e', 'console.log("o"); console.error("e")'])
    const channels: string[] = []
    const reader = tagged.output.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read())
      channels.push(`${part.value.channel} ${new TextDecoder().decode(part.value.bytes).trim()}`)
    return { text, exit: await cat.exit, again: await cat.exit, out, err: err.includes('oops'), channels }
  })
  const fine = { code: 0, signal: null }
  assert.deepEqual(seen, {
    text: 'text, bytes',
    exit: fine,
    again: fine,
    out: 'to stdout oops\n',
    err: true,
    channels: ['out o', 'err e'],
  })
})

test('spawn: cwd, env, bareEnv, and preopens by path, by another name and read-only', async () => {
  const seen = await page.evaluate(async () => {
    const { fs, spawn } = window.wasmrun
    await fs.mkdir('/home/view', { recursive: true })
    await fs.writeFile('/home/view/note.txt', 'seen')
    const probe = async (args: string[], options: object): Promise<[string, number]> => {
      const child = await spawn('/home/tools/probe.wasm', args, options)
      const text = await new Response(child.stdout).text()
      return [text, (await child.exit).code]
    }
    const [rich] = await probe(['env'], { env: { OWN: 'yes' } })
    const readonly = { preopens: [{ path: '/home/view', as: '/', readonly: true }] }
    const [, refused] = await probe(['write-file', 'new.txt', '5'], readonly)
    return {
      relative: await probe(['read-file', 'note.txt'], { cwd: '/home/view' }),
      bare: await probe(['env'], { env: { OWN: 'yes' }, bareEnv: true }),
      rich: ['OWN=yes', 'HOME=/home', 'PATH='].every((word) => rich.includes(word)),
      renamed: await probe(['read-file', '/elsewhere/note.txt'], {
        preopens: [{ path: '/home/view', as: '/elsewhere' }],
      }),
      readable: await probe(['read-file', 'note.txt'], readonly),
      refused: refused !== 0,
      unchanged: (await fs.readdir('/home/view')).map(({ name }) => name),
      hidden: (await probe(['read-file', '/home/view/note.txt'], { preopens: ['/tmp'] }))[1] !== 0,
    }
  })
  assert.deepEqual(seen, {
    relative: ['seen', 0],
    bare: ['OWN=yes\n', 0],
    rich: true,
    renamed: ['seen', 0],
    readable: ['seen', 0],
    refused: true,
    unchanged: ['note.txt'],
    hidden: true,
  })
})

test('processes and events: a row comes, sleeps, is killed by its number, and its exit is told', async () => {
  const seen = await page.evaluate(async () => {
    const { spawn, processes, on } = window.wasmrun
    const rows: string[] = []
    const exits: { pid: number; code: number; signal: string | null }[] = []
    const off = [
      on('process', ({ pid, state }) => rows.push(`${pid} ${state}`)),
      on('exit', ({ pid, code, signal }) => exits.push({ pid, code, signal })),
    ]
    const child = await spawn('/home/tools/probe.wasm', ['sleep', '60000'])
    const row = async () => (await processes.list()).find(({ pid }) => pid === child.pid)
    while (((await row())?.waiting ?? '') === '') await new Promise((done) => setTimeout(done, 20))
    const waiting = await row()
    await processes.kill(child.pid, 'SIGTERM')
    const status = await child.exit
    while (exits.length === 0) await new Promise((done) => setTimeout(done, 20))
    for (const end of off) end()
    await (await spawn('/home/tools/probe.wasm', ['exit', '3'])).exit
    const unknown = await processes.kill(99_999).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    )
    return {
      waiting: [waiting?.state, waiting?.args.at(-1), (waiting?.memory ?? 0) > 0],
      status,
      told: exits.map(({ pid, ...rest }) => ({ ...rest, isIt: pid === child.pid })),
      rows: [
        rows.indexOf(`${child.pid} ended`) > 0,
        rows.some((each) => each === `${child.pid} starting` || each === `${child.pid} running`),
      ],
      unknown,
    }
  })
  assert.deepEqual(seen, {
    waiting: ['sleeping', '60000', true],
    status: { code: 143, signal: 'SIGTERM' },
    told: [{ code: 143, signal: 'SIGTERM', isIt: true }],
    rows: [true, true],
    unknown: 'ESRCH',
  })
})

test('spawn refuses in words: a command that is not there, a file that is no program, a folder that is not there', async () => {
  const seen = await page.evaluate(async () => {
    const { fs, spawn } = window.wasmrun
    await fs.writeFile('/home/tools/text.wasm', 'no program')
    const refusal = (work: Promise<unknown>): Promise<[string, string]> =>
      work.then(
        () => ['ok', ''],
        (error: { code: string; message: string }) => [error.code, error.message],
      )
    return Promise.all([
      refusal(spawn('no-such-command')),
      refusal(spawn('/home/tools/text.wasm')),
      refusal(spawn('qjs', [], { cwd: '/home/none' })),
    ])
  })
  assert.deepEqual(
    seen.map(([code]) => code),
    ['ENOENT', 'ENOEXEC', 'ENOENT'],
  )
  assert.match(seen[0]?.[1] ?? '', /no-such-command/)
  assert.match(seen[1]?.[1] ?? '', /text\.wasm/)
  assert.match(seen[2]?.[1] ?? '', /\/home\/none/)
})
