/** Processes through the public API: what they are given, how they talk, how they end. One machine for the whole file. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, mount, openSite, run, type Site } from './browser.ts'
import { type BadModuleName, readBadModule, readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'probe.wasm': readProgram('probe'), 'unstable.wasm': readProgram('unstable') })
})
after(() => site?.close())

const probe = (...args: string[]): ReturnType<typeof run> => run(site.page, './probe.wasm', args)

/** The error that a call of the API ends with, as plain data. */
const refusal = (command: string, args: string[] = []): Promise<{ code: string; message: string }> =>
  site.page.evaluate(
    async ({ command, args }) => {
      try {
        const child = await window.wasmrun.spawn(command, args)
        return { code: 'started', message: `pid ${child.pid}` }
      } catch (error) {
        const { code, message } = error as Error & { code: string }
        return { code, message }
      }
    },
    { command, args },
  )

test('an exit code comes back as it is, whatever it is', async () => {
  const codes = await Promise.all(
    [0, 1, 42, 255].map(async (code) => (await probe('exit', String(code))).code),
  )
  assert.deepEqual(codes, [0, 1, 42, 255])
})

test('arguments arrive unchanged: spaces, quotes, newlines, emoji, and the empty one', async () => {
  const args = ['a b', '"quoted"', "it's", 'line\nbreak', '🦀', '', '$HOME', '\\']
  const { stdout } = await probe('args', ...args)
  const lines = args.map((arg, index) => `argv[${index + 2}]=${arg}`)
  assert.ok(stdout.endsWith(`${lines.join('\n')}\n`), stdout)
})

test('the environment has what was given, and nothing of the page', async () => {
  const { stdout } = await run(site.page, './probe.wasm', ['env'], { env: { NAME: 'wert=1', EMPTY: '' } })
  const lines = stdout.trimEnd().split('\n')
  assert.ok(lines.includes('NAME=wert=1'), stdout)
  assert.ok(lines.includes('EMPTY='), stdout)
})

test('an argument with a NUL byte is refused by name', async () => {
  const { code, message } = await refusal('./probe.wasm', ['args', 'a\0b'])
  assert.equal(code, 'EINVAL')
  assert.match(message, /NUL/)
})

test('standard output and standard error are two streams', async () => {
  const { stdout, stderr } = await probe('stderr', 'word')
  assert.deepEqual([stdout, stderr], ['to stdout word\n', 'to stderr word\n'])
})

test('standard input is read to its end', async () => {
  const { stdout, code } = await run(site.page, './probe.wasm', ['lines'], { stdin: 'one\ntwo' })
  assert.deepEqual([stdout, code], ['1: one\n2: two\nbye\n', 0])
})

test('a megabyte goes through a process and comes out unchanged', async () => {
  const text = 'The quick brown fox jumps over the lazy dog.\n'.repeat(24_000)
  const { stdout } = await run(site.page, './probe.wasm', ['cat'], { stdin: text })
  assert.equal(stdout.length, text.length)
  assert.ok(stdout === text)
})

test('input is written while the process runs, and ends when the writer closes', async () => {
  const stdout = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['lines'])
    const writer = child.input.getWriter()
    const reader = child.stdout.getReader()
    const decoder = new TextDecoder()
    await writer.write('first\n')
    const first = decoder.decode((await reader.read()).value)
    await writer.write('second\n')
    await writer.close()
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read())
      rest += decoder.decode(part.value)
    return [first, rest]
  })
  assert.deepEqual(stdout, ['1: first\n', '2: second\nbye\n'])
})

test('an older program that imports wasi_unstable runs', async () => {
  const { code, stderr } = await run(site.page, './unstable.wasm')
  assert.equal(code, 7, stderr)
})

test('SIGTERM ends a sleeping process, SIGKILL one that never makes a system call', async () => {
  const ends = await site.page.evaluate(async () => {
    const wait = (milliseconds: number): Promise<void> =>
      new Promise((done) => setTimeout(done, milliseconds))
    const sleeper = await window.wasmrun.spawn('./probe.wasm', ['sleep', '60000'])
    const spinner = await window.wasmrun.spawn('./probe.wasm', ['spin'])
    await wait(500)
    const start = performance.now()
    await sleeper.kill()
    await spinner.kill('SIGKILL')
    const statuses = await Promise.all([sleeper.exit, spinner.exit])
    return { statuses, took: performance.now() - start }
  })
  assert.deepEqual(ends.statuses, [
    { code: 143, signal: 'SIGTERM' },
    { code: 137, signal: 'SIGKILL' },
  ])
  assert.ok(ends.took < 3000, `${ends.took} ms`)
})

test('a busy process is ended by SIGTERM too, and the page draws on meanwhile', async () => {
  const result = await site.page.evaluate(async () => {
    let frames = 0
    const count = (): void => {
      frames++
      requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
    const child = await window.wasmrun.spawn('./probe.wasm', ['spin'])
    await new Promise((done) => setTimeout(done, 1000))
    await child.kill('SIGTERM')
    const status = await child.exit
    return { status, frames }
  })
  assert.deepEqual(result.status, { code: 143, signal: 'SIGTERM' })
  assert.ok(result.frames > 15, `${result.frames} frames in a second and more`)
})

test('an unknown signal and a process that is gone are refused by name', async () => {
  const codes = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['exit', '0'])
    const codeOf = (promise: Promise<void>): Promise<string> =>
      promise.then(
        () => 'done',
        (error: Error & { code?: string }) => error.code ?? error.message,
      )
    const unknown = await codeOf(child.kill('SIGNONSENSE'))
    await child.exit
    return [unknown, await codeOf(window.wasmrun.processes.kill(99_999))]
  })
  assert.deepEqual(codes, ['EINVAL', 'ESRCH'])
})

test('who prints for ever while nobody reads is held back, and the page’s memory stays small', async () => {
  const result = await site.page.evaluate(async () => {
    const heap = (): number =>
      (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize
    const child = await window.wasmrun.spawn('./probe.wasm', ['print-forever'])
    const reader = child.stdout.getReader()
    await reader.read()
    const before = heap()
    await new Promise((done) => setTimeout(done, 2000))
    const grown = heap() - before
    const info = (await window.wasmrun.processes.list()).find(({ pid }) => pid === child.pid)
    let bytes = 0
    for (let part = await reader.read(); bytes < 3_000_000 && !part.done; part = await reader.read())
      bytes += part.value.length
    await child.kill('SIGKILL')
    await child.exit
    return { grown, state: info?.state, waiting: info?.waiting, bytes }
  })
  assert.ok(result.grown < 8_000_000, `${result.grown} bytes more`)
  assert.equal(result.state, 'sleeping')
  assert.ok(result.bytes >= 3_000_000, 'it goes on when somebody reads again')
})

test('a reader that goes away breaks nothing: the process can be ended', async () => {
  const status = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['print-forever'])
    await child.stdout.cancel()
    await new Promise((done) => setTimeout(done, 300))
    await child.kill('SIGTERM')
    return child.exit
  })
  assert.deepEqual(status, { code: 143, signal: 'SIGTERM' })
})

test('twenty processes at once each get their own output and end', async () => {
  const outputs = await site.page.evaluate(async () => {
    const one = async (index: number): Promise<string> => {
      const child = await window.wasmrun.spawn('./probe.wasm', ['lines'], { stdin: `process ${index}\n` })
      const [text, status] = await Promise.all([new Response(child.stdout).text(), child.exit])
      return `${text.split('\n')[0]} ${status.code}`
    }
    return Promise.all(Array.from({ length: 20 }, (_, index) => one(index)))
  })
  assert.deepEqual(
    outputs,
    Array.from({ length: 20 }, (_, index) => `1: process ${index} 0`),
  )
})

test('the process table shows who runs, where and since when, and who has ended leaves it', async () => {
  const { during, after } = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['sleep', '60000'], {
      cwd: '/tmp/../home/project',
    })
    await new Promise((done) => setTimeout(done, 400))
    const find = async () => (await window.wasmrun.processes.list()).find(({ pid }) => pid === child.pid)
    const during = await find()
    await child.kill('SIGKILL')
    await child.exit
    return { during: during && { ...during, age: Date.now() - during.started }, after: await find() }
  })
  assert.ok(during)
  assert.equal(during.state, 'sleeping')
  assert.equal(during.runtime, 'wasm')
  assert.ok(during.memory > 0 && during.age >= 0 && during.age < 20_000)
  assert.ok(after === undefined || after.state === 'ended')
})

test('a command that is nowhere is ENOENT, with its name', async () => {
  const { code, message } = await refusal('no-such-program')
  assert.equal(code, 'ENOENT')
  assert.match(message, /no-such-program/)
  assert.equal((await refusal('./missing.wasm')).code, 'ENOENT')
})

test('a directory is no program', async () => {
  const { code, message } = await refusal('/home/project')
  assert.equal(code, 'EACCES')
  assert.match(message, /\/home\/project/)
})

/** What the user is told about each, wherever it comes out: as the spawn's refusal, or with the exit. */
const BAD: [BadModuleName, RegExp][] = [
  ['empty', /empty/i],
  ['text', /not a valid WebAssembly module/i],
  ['truncated', /not a valid WebAssembly module/i],
  ['corrupt', /not a valid WebAssembly module/i],
  ['future-version', /version/i],
  ['component', /component|version/i],
  ['missing-import', /env\.missing_thing/],
  ['missing-wasi-call', /wasi_snapshot_preview1\.fd_teleport/],
  ['no-start', /_start/],
  ['no-memory', /memory/],
]

for (const [name, words] of BAD) {
  test(`a module that is ${name} is refused with what is wrong, and the machine goes on`, async () => {
    await mount(site.page, { [`bad-${name}.wasm`]: readBadModule(name) })
    const told = await site.page.evaluate(async (command) => {
      let message = ''
      const off = window.wasmrun.on('exit', (end) => {
        message += end.message
      })
      try {
        const child = await window.wasmrun.spawn(command)
        const { code } = await child.exit
        await new Promise((done) => setTimeout(done, 0))
        return { code, message }
      } catch (error) {
        return { code: -1, message: (error as Error).message }
      } finally {
        off()
      }
    }, `./bad-${name}.wasm`)
    assert.match(told.message, words)
    assert.match(told.message, new RegExp(`bad-${name}\\.wasm`), 'it names the file')
    assert.notEqual(told.code, 0)
    assert.equal((await probe('exit', '0')).code, 0)
  })
}

test('the good one of that family runs, so the others fail for their own fault', async () => {
  await mount(site.page, { 'good.wasm': readBadModule('good') })
  assert.equal((await run(site.page, './good.wasm')).code, 0)
})

test('a program that breaks says how: a trap, and recursion without end', async () => {
  const messages = await site.page.evaluate(async () => {
    const told: string[] = []
    const off = window.wasmrun.on('exit', ({ message, code }) => void told.push(`${code} ${message}`))
    for (const task of ['trap', 'recurse']) {
      const child = await window.wasmrun.spawn('./probe.wasm', [task])
      await child.exit
    }
    off()
    return told
  })
  assert.match(messages[0] ?? '', /^134 .*unreachable/)
  assert.match(messages[1] ?? '', /^134 .*(stack overflow|out of bounds)/)
})

test('no way out of a preopen: by paths, links or descriptors, writable or read-only', async () => {
  const results = await site.page.evaluate(async () => {
    await window.wasmrun.fs.mkdir('/tmp/cell/inner', { recursive: true })
    await window.wasmrun.fs.writeFile('/tmp/secret', 'secret')
    const attempt = async (readonly: boolean) => {
      const preopens = [{ path: '/tmp/cell', as: '/', readonly }]
      const child = await window.wasmrun.spawn('/home/project/probe.wasm', ['escape'], { preopens })
      const [text, status] = await Promise.all([new Response(child.stdout).text(), child.exit])
      return { text, code: status.code, left: await window.wasmrun.fs.readdir('/tmp/cell') }
    }
    return [await attempt(false), await attempt(true)]
  })
  for (const { text, code, left } of results) {
    assert.match(text, /escapes: 0/)
    assert.equal(code, 0)
    assert.deepEqual(
      left.map(({ name }) => name),
      ['inner'],
    )
  }
  assert.match(results[1]?.text ?? '', /mkdir probe-escape-dir: (EROFS|ENOTCAPABLE)/)
})

test('a process sees only its preopens', async () => {
  const result = await site.page.evaluate(async () => {
    await window.wasmrun.fs.mkdir('/tmp/view', { recursive: true })
    await window.wasmrun.fs.writeFile('/tmp/view/mine.txt', 'mine')
    const child = await window.wasmrun.spawn('/home/project/probe.wasm', ['readdir', '/'], {
      preopens: [{ path: '/tmp/view', as: '/' }],
    })
    return new Response(child.stdout).text()
  })
  assert.equal(result, 'file mine.txt\n')
})
