/** What passes a limit is stopped with a sentence that names the limit; the page answers throughout and the rest lives on. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { KIND_LIMITS, type Limits } from '../src/abi/limits.ts'
import { boot, openSite, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

const MIB = 1024 * 1024
let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  const probe = [...(await readProgram('probe'))]
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/usr/bin/probe', new Uint8Array(list)),
    probe,
  )
})
after(() => site?.close())
// One that failed leaves nothing to the next.
afterEach(() =>
  site.page.evaluate(async () => {
    for (const { pid } of await window.wasmrun.processes.list())
      await window.wasmrun.processes.kill(pid, 'SIGKILL').catch(() => {})
  }),
)

interface Outcome {
  code: number
  signal: string | null
  message: string
  stderr: string
  /** The beginning of it. */
  stdout: string
  /** Longest time between two turns of the page while it ran, in milliseconds. */
  gap: number
}

const runLimited = (command: string, args: string[], limits: Partial<Limits>): Promise<Outcome> =>
  site.page.evaluate(
    async ({ command, args, limits }) => {
      let gap = 0
      let last = performance.now()
      const timer = setInterval(() => {
        gap = Math.max(gap, performance.now() - last)
        last = performance.now()
      }, 10)
      let message = ''
      const messages = new Map<number, string>()
      const stop = window.wasmrun.on('exit', (exit) => void messages.set(exit.pid, exit.message))
      const child = await window.wasmrun.spawn(command, args, { limits })
      let stdout = ''
      const write = (bytes: Uint8Array): void => {
        if (stdout.length < 10_000) stdout += new TextDecoder().decode(bytes)
      }
      const drained = child.stdout.pipeTo(new WritableStream({ write }))
      const stderr = await new Response(child.stderr).text()
      const exit = await child.exit
      await drained
      message = messages.get(child.pid) ?? ''
      stop()
      clearInterval(timer)
      return { ...exit, message, stderr, stdout, gap }
    },
    { command, args, limits },
  )

test('an endless loop is stopped by its CPU time', async () => {
  const { signal, message, gap } = await runLimited('probe', ['spin'], { cpuSeconds: 1 })
  assert.equal(signal, 'SIGKILL')
  assert.match(message, /passed 1 s of CPU time.*limits\.cpuSeconds/)
  assert.ok(gap < 2000, `the page stood still for ${gap} ms`)
})

test('sleeping costs no CPU time, and running time has a limit of its own', async () => {
  const slept = await runLimited('probe', ['sleep', '1500'], { cpuSeconds: 1 })
  assert.equal(slept.code, 0, slept.message)
  const late = await runLimited('probe', ['sleep', '60000'], { wallSeconds: 1 })
  assert.match(late.message, /passed 1 s of running time/)
})

test('endless output is stopped by its sum and by its rate', async () => {
  const sum = await runLimited('probe', ['print-forever'], { outputBytes: MIB })
  assert.match(sum.message, /passed 1 MB of output\b/)
  const rate = await runLimited('probe', ['print-forever'], { outputRate: 65536 })
  assert.match(rate.message, /passed 64 KB of output a second/)
})

test('memory beyond the limit is refused by the engine, and the reason is told', async () => {
  const within = await runLimited('probe', ['allocate', '16'], { memory: 64 * MIB })
  assert.equal(within.code, 0, within.stderr)
  const beyond = await runLimited('probe', ['allocate', '200'], { memory: 64 * MIB })
  assert.notEqual(beyond.code, 0)
})

test('a program that asks for more at its start than it may have is refused by name', async () => {
  const refused = await site.page.evaluate(async () => {
    const limits = { memory: 1024 * 1024 }
    return window.wasmrun.spawn('probe', ['args'], { limits }).then(
      () => '',
      (error: Error) => error.message,
    )
  })
  assert.match(refused, /ENOMEM.*asks for .* at its start.*limit is 1 MB of memory.*\. Raise limits\.memory/)
})

test('open files and the size of a file have limits that a program sees as EMFILE and EFBIG', async () => {
  const files = await runLimited('probe', ['many-fds'], { openFiles: 16 })
  assert.match(files.stdout + files.stderr, /MFILE/)
  const big = await runLimited('probe', ['sparse', '/tmp/big', String(100 * MIB)], { fileBytes: MIB })
  assert.notEqual(big.code, 0)
})

test('a fork bomb ends at the limit of processes, and other programs still run', async () => {
  await site.page.evaluate(() =>
    window.wasmrun.fs.writeFile(
      '/home/project/bomb.js',
      `import * as os from 'qjs:os'
       for (;;) { try { os.exec(['qjs', 'bomb.js'], { block: false }) } catch (error) { print(error.message); os.sleep(200); break } }
       os.sleep(3000)`,
    ),
  )
  const bomb = runLimited('qjs', ['bomb.js'], { processes: 12, wallSeconds: 6 })
  const beside = await runLimited('probe', ['exit', '5'], {})
  assert.equal(beside.code, 5)
  await bomb
  const rest = await site.page.evaluate(async () => {
    for (let round = 0; round < 100; round++) {
      const list = await window.wasmrun.processes.list()
      if (list.length === 0) return 0
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return (await window.wasmrun.processes.list()).length
  })
  assert.equal(rest, 0)
  assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
})

/** A hostile program at its work. */
interface Attack {
  command: string
  args: string[]
  limits?: Partial<Limits>
  /** What the program has said when it has come to its limit. */
  until: RegExp
}

/**
 * Starts it beside a program that was there before. While it does its worst: a key opens a dialog of the page and another closes it, the
 * program beside it answers a line, and a new one runs to its end. Gives what the log said.
 */
const besides = async ({ command, args, limits = {}, until }: Attack): Promise<string> => {
  const { page } = site
  const pid = await page.evaluate(
    async ({ command, args, limits, until }) => {
      const said: string[] = []
      const stop = window.wasmrun.on('log', ({ severity, text }) => {
        if (severity === 'warning') said.push(text)
      })
      const beside = await window.wasmrun.spawn('probe', ['lines'])
      const hostile = await window.wasmrun.spawn(command, args, { limits })
      const output = { text: '' }
      for (const stream of [hostile.stdout, hostile.stderr])
        void stream.pipeTo(
          new WritableStream({
            write: (bytes) => {
              output.text = (output.text + new TextDecoder().decode(bytes)).slice(-4096)
            },
          }),
        )
      const message = new Promise<string>((resolve) =>
        window.wasmrun.on('exit', (exit) => exit.pid === hostile.pid && resolve(exit.message)),
      )
      Object.assign(window, { attack: { beside, hostile, said, stop, message } })
      const end = performance.now() + 60_000
      while (!new RegExp(until).test(output.text)) {
        if (performance.now() > end) throw new Error(`it never came to its limit: ${output.text}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return hostile.pid
    },
    { command, args, limits, until: until.source },
  )
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  const words = await page.evaluate(async () => {
    const { beside, hostile, said, stop, message } = (window as unknown as { attack: AttackParts }).attack
    const writer = beside.input.getWriter()
    await writer.write('still here\nquit\n')
    const answer = await new Response(beside.stdout).text()
    if (!answer.includes('still here')) throw new Error(`the other program said ${answer}`)
    const fresh = await window.wasmrun.spawn('probe', ['exit', '5'])
    const { code } = await fresh.exit
    if (code !== 5) throw new Error(`a new program ended with ${code}`)
    await hostile.kill('SIGKILL').catch(() => {})
    for (const { pid } of await window.wasmrun.processes.list())
      await window.wasmrun.processes.kill(pid, 'SIGKILL').catch(() => {})
    await hostile.exit
    stop()
    return [...said, await message].join('\n')
  })
  assert.ok(pid > 0)
  return words
}

interface AttackParts {
  beside: Awaited<ReturnType<Window['wasmrun']['spawn']>>
  hostile: Awaited<ReturnType<Window['wasmrun']['spawn']>>
  said: string[]
  stop: () => void
  message: Promise<string>
}

const attacking = async (name: string, code: string): Promise<string[]> => {
  const path = `/home/project/${name}.js`
  await site.page.evaluate(({ path, code }) => window.wasmrun.fs.writeFile(path, code), {
    path,
    code: `import * as os from 'qjs:os'\nimport * as std from 'qjs:std'\n${code}`,
  })
  return [path]
}

test('a bomb of children that nobody waits for leaves room for the rest, with the usual limits', async () => {
  const args = await attacking(
    'zombies',
    `for (let made = 0; ; ) {
       try { os.exec(['probe', 'exit', '0'], { block: false }); made++ }
       catch (error) { print(made, 'refused'); os.sleep(100) }
     }`,
  )
  const words = await besides({ command: 'qjs', args, until: /^1\d\d refused/m })
  assert.match(words, /was refused more than 200 processes\. Raise the limit "processes" in Settings/)
  assert.equal(words.match(/200 processes/g)?.length, 1)
})

test('a bomb of children that live leaves room for the rest', async () => {
  const args = await attacking(
    'bomb',
    `for (let made = 0; ; ) {
       try { os.exec(['qjs', '/home/project/bomb.js'], { block: false }); made++ }
       catch (error) { print('full', error.message); os.sleep(500) }
     }`,
  )
  const words = await besides({ command: 'qjs', args, limits: { processes: 24 }, until: /full/ })
  assert.match(words, /24 processes\. Raise limits\.processes where it is spawned/)
})

test('a program that takes all the memory it gets, and one large piece that it does not, is told why', async () => {
  const limits = { memory: 96 * MIB }
  const large = await runLimited('probe', ['allocate', '200'], limits)
  assert.notEqual(large.code, 0)
  assert.match(large.message, /96 MB of memory\. Raise limits\.memory/)
  const args = await attacking(
    'hog',
    `const all = []
     try { for (;;) all.push(new Uint8Array(4e6).fill(1)) } catch { print('no more') }
     for (;;) os.sleep(1000)`,
  )
  await besides({ command: 'qjs', args, limits, until: /no more/ })
})

test('output without end, and a loop without end, hold up nobody', async () => {
  await besides({ command: 'probe', args: ['print-forever'], until: /\d{4}/ })
  const args = await attacking('loop', `print('begins'); for (;;);`)
  await besides({ command: 'qjs', args, until: /begins/ })
})

test('a program that hoards descriptors comes to its own limit', async () => {
  const args = await attacking(
    'hoard',
    `for (;;) { const fd = os.dup(1); if (fd < 0) break }
     print('no more'); for (;;) os.sleep(1000)`,
  )
  const words = await besides({ command: 'qjs', args, until: /no more/ })
  assert.match(words, /1024 open files.*Settings/)
})

test('files by the hundred thousand come to the room for files, and what needs none goes on', async () => {
  const { page } = site
  const limits = { ...KIND_LIMITS, diskBytes: 64 * MIB }
  await page.evaluate((limits) => window.wasmrun.setLimits(limits), limits)
  const args = await attacking(
    'litter',
    `os.mkdir('/tmp/litter')
     let made = 0
     try { for (; made < 1e6; made++) std.writeFile('/tmp/litter/' + made, 'x') } catch (error) { print('full', made, error.message) }
     for (;;) os.sleep(1000)`,
  )
  const words = await besides({ command: 'qjs', args, until: /full \d{5,} .*no space/ })
  assert.match(words, /the machine is full.*64 MB of files in the machine.*Settings/)
  const problems = await page.evaluate(async (usual) => {
    await window.wasmrun.fs.rm('/tmp/litter', { recursive: true })
    await window.wasmrun.setLimits(usual)
    return window.wasmrun.check()
  }, KIND_LIMITS)
  assert.deepEqual(problems, [])
})

/** A million, or a tenth of it where there is less time. */
const CROWD = process.env.LONG === '1' ? 1e6 : 1e5

test('a million small files are only many', async () => {
  const { page } = site
  const args = await attacking(
    'crowd',
    `os.mkdir('/tmp/crowd')
     for (let made = 0; made < ${CROWD}; made++) {
       if (made === ${CROWD / 2}) print('half made')
       if (made % 1e3 === 0) os.mkdir('/tmp/crowd/' + made / 1e3)
       std.writeFile('/tmp/crowd/' + Math.floor(made / 1e3) + '/' + made, 'x')
     }
     print('all made')
     for (;;) os.sleep(1000)`,
  )
  const empty = (): Promise<void> =>
    page.evaluate(() => window.wasmrun.fs.rm('/tmp/crowd', { recursive: true }))
  await besides({ command: 'qjs', args, until: /half made/ })
  await empty()
  await besides({ command: 'qjs', args, until: /all made/ })
  const { files, problems, last } = await page.evaluate(async (made) => {
    const { machine, check, fs } = window.wasmrun
    const { files } = await machine()
    const problems = await check()
    const last = await fs.readFile(`/tmp/crowd/${Math.floor((made - 1) / 1e3)}/${made - 1}`, 'utf8')
    return { files, problems, last }
  }, CROWD)
  await empty()
  const after = await page.evaluate(async () => (await window.wasmrun.machine()).files)
  assert.deepEqual([problems, await page.evaluate(() => window.wasmrun.check())], [[], []])
  assert.equal(last, 'x')
  assert.ok(files >= CROWD && after < files - CROWD + 100, `${files} files, ${after} afterwards`)
})

test('a chain of children, each the heir of the last, ends with the seconds of the first', async () => {
  const args = await attacking(
    'chain',
    `os.exec(['qjs', '/home/project/chain.js'], { block: false }); const end = os.now() + 3e5; while (os.now() < end);`,
  )
  await runLimited('qjs', args, { cpuSeconds: 3 })
  const left = await site.page.evaluate(async () => {
    for (let round = 0; round < 200; round++) {
      const list = await window.wasmrun.processes.list()
      if (list.length === 0) return 0
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return (await window.wasmrun.processes.list()).length
  })
  assert.equal(left, 0)
})

test('a script that only makes calls which wait for nothing is held back by its nice value', async () => {
  const args = await attacking('busy', `for (;;) os.getpgid(0)`)
  const hasRested = await site.page.evaluate(async (args) => {
    const child = await window.wasmrun.spawn('qjs', args)
    await window.wasmrun.processes.nice(child.pid, 19)
    let hasRested = false
    for (let round = 0; round < 200 && !hasRested; round++) {
      const [row] = await window.wasmrun.processes.list()
      hasRested = row?.waiting === 'yield'
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await child.kill('SIGKILL')
    await child.exit
    return hasRested
  }, args)
  assert.ok(hasRested)
})
