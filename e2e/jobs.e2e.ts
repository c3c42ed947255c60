/** Job control in a browser: groups, terminals, stop and continue, handlers, exec in place, scripts, /proc. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, type Finished, mount, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'probe.wasm': readProgram('probe') })
  await mount(site.page, { probe: readProgram('probe') }, '/usr/bin')
  await run(site.page, 'qjs', ['-e', '0'])
})
after(() => site?.close())

let scripts = 0
const write = async (code: string, name = `script-${scripts++}.js`): Promise<string> => {
  await mount(site.page, { [name]: code })
  return name
}
const script = async (code: string): Promise<Finished> =>
  run(site.page, 'qjs', [
    await write(`import * as os from 'qjs:os'\nimport * as std from 'qjs:std'\n${code}`),
  ])

interface Typed {
  keys: string
  /** Typed once the screen shows it. */
  when: RegExp
}

/** A script on a terminal; keys are typed when it is ready for them. */
const onTerminal = async (code: string, typed: Typed[]): Promise<{ screen: string; code: number }> => {
  const name = await write(`import * as os from 'qjs:os'\nimport * as std from 'qjs:std'\n${code}`)
  return site.page.evaluate(
    async ({ name, typed }) => {
      const child = await window.wasmrun.spawn('qjs', [name], { terminal: true })
      const writer = child.input.getWriter()
      const decoder = new TextDecoder()
      const left = typed.map(({ keys, when }) => ({ keys, when: new RegExp(when) }))
      let screen = ''
      for await (const chunk of child.stdout as unknown as AsyncIterable<Uint8Array>) {
        screen += decoder.decode(chunk, { stream: true })
        for (let first = left[0]; first?.when.test(screen); first = left[0]) {
          left.shift()
          await writer.write(first.keys)
        }
      }
      const { code } = await child.exit
      return { screen, code }
    },
    { name, typed: typed.map(({ keys, when }) => ({ keys, when: when.source })) },
  )
}

/** Waits until a process is in that state, as the table has it. */
const stateOf = (pid: number): Promise<string> =>
  site.page.evaluate(async (pid) => {
    const all = await window.wasmrun.processes.list()
    const found = all.find((process) => process.pid === pid)
    return found ? `${found.state} ${found.note}`.trim() : 'gone'
  }, pid)
const until = async (pid: number, state: string): Promise<void> => {
  for (let tries = 0; tries < 60; tries++) {
    if ((await stateOf(pid)) === state) return
    await new Promise((done) => setTimeout(done, 50))
  }
  assert.equal(await stateOf(pid), state)
}
const spawn = (command: string, args: string[]): Promise<number> =>
  site.page.evaluate(async ({ command, args }) => (await window.wasmrun.spawn(command, args)).pid, {
    command,
    args,
  })
const act = (what: 'suspend' | 'resume', pid: number): Promise<void> =>
  site.page.evaluate(({ what, pid }) => window.wasmrun.processes[what](pid), { what, pid })
const kill = (pid: number, signal: string): Promise<void> =>
  site.page.evaluate(({ pid, signal }) => window.wasmrun.processes.kill(pid, signal), { pid, signal })

test('a sleeping process is suspended and resumed, and its table says so', async () => {
  const pid = await spawn('./probe.wasm', ['sleep', '60000'])
  await until(pid, 'sleeping')
  await act('suspend', pid)
  await until(pid, 'stopped')
  await act('resume', pid)
  await until(pid, 'sleeping')
  await kill(pid, 'SIGKILL')
  await until(pid, 'gone')
})

test('a loop without calls says that it stops at its next call, and can be killed', async () => {
  // Its word is its last call: before that it would stop at once.
  const pid = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['spin'])
    await child.stdout.getReader().read()
    return child.pid
  })
  await act('suspend', pid)
  await until(pid, 'running stops at its next call')
  await kill(pid, 'SIGKILL')
  await until(pid, 'gone')
})

test('a loop of JavaScript stops, uses no time while it is stopped, and goes on', async () => {
  const pid = await spawn('qjs', ['-e', 'for (;;);'])
  await until(pid, 'running')
  await act('suspend', pid)
  await until(pid, 'stopped')
  const cpu = (): Promise<number> =>
    site.page.evaluate(
      async (pid) => (await window.wasmrun.processes.list()).find((each) => each.pid === pid)?.cpu ?? -1,
      pid,
    )
  const before = await cpu()
  await new Promise((done) => setTimeout(done, 500))
  assert.ok((await cpu()) - before < 250, 'half a second passed, and none of it was its own')
  await act('resume', pid)
  await until(pid, 'running')
  await kill(pid, 'SIGTERM')
  await until(pid, 'gone')
})

test('a stopped process is ended by the user’s SIGTERM, as a shell would see to', async () => {
  const pid = await spawn('./probe.wasm', ['sleep', '60000'])
  await until(pid, 'sleeping')
  await act('suspend', pid)
  await until(pid, 'stopped')
  await kill(pid, 'SIGTERM')
  await until(pid, 'gone')
})

test('a process that is nice runs a part of the time', async () => {
  const busy =
    'import * as os from "qjs:os"; for (;;) { for (let i = 0; i < 2e5; i++); os.now(); os.sleep(0) }'
  const name = await write(busy, 'busy.mjs')
  const share = await site.page.evaluate(async (name) => {
    const child = await window.wasmrun.spawn('qjs', [name])
    const cpu = async (): Promise<number> =>
      (await window.wasmrun.processes.list()).find((each) => each.pid === child.pid)?.cpu ?? 0
    const wait = (milliseconds: number): Promise<void> =>
      new Promise((done) => setTimeout(done, milliseconds))
    await wait(700)
    await window.wasmrun.processes.nice(child.pid, 19)
    await wait(300)
    const [before, start] = [await cpu(), performance.now()]
    await wait(2000)
    const ran = ((await cpu()) - before) / (performance.now() - start)
    const table = (await window.wasmrun.processes.list()).find((each) => each.pid === child.pid)
    const bad = await window.wasmrun.processes
      .nice(child.pid, 20)
      .catch((error: { code: string }) => error.code)
    await child.kill('SIGKILL')
    return { ran, nice: table?.nice, bad }
  }, name)
  assert.equal(share.nice, 19)
  assert.equal(share.bad, 'EINVAL')
  assert.ok(share.ran < 0.45, `it ran ${Math.round(share.ran * 100)} % of the time`)
})

test('handlers run, a wait is interrupted, and an ignored signal does nothing', async () => {
  const { stdout, stderr, code } = await script(`
    let got = []
    os.signal(os.SIGUSR1, (number) => got.push(number))
    os.signal(os.SIGUSR2, null)
    os.kill(os.getpid(), os.SIGUSR2)
    const start = os.now()
    os.kill(os.getpid(), os.SIGUSR1)
    os.sleep(5000)
    print('woken', (os.now() - start) / 1000 < 2000)
    setTimeout(() => print('handled', got.join()), 1)`)
  assert.deepEqual([stdout, stderr, code], ['woken true\nhandled 10\n', '', 0])
})

test('a child is stopped and continued by its parent, who is told of both, once', async () => {
  const { stdout, stderr } = await script(`
    const child = os.exec(['probe', 'sleep', '60000'], { block: false })
    os.kill(child, os.SIGSTOP)
    const [first, stopped] = os.waitpid(child, os.WUNTRACED)
    print(first === child, (stopped & 0xff) === 0x7f, stopped >> 8)
    print(os.waitpid(child, os.WUNTRACED | os.WNOHANG)[0])
    os.kill(child, os.SIGCONT)
    print(os.waitpid(child, os.WCONTINUED)[1] === 0xffff)
    os.kill(child, os.SIGTERM)
    print(os.waitpid(child)[1])`)
  assert.deepEqual([stdout, stderr], ['true true 19\n0\ntrue\n15\n', ''])
})

test('SIGCHLD interrupts a wait of another kind', async () => {
  const { stdout } = await script(`
    os.signal(os.SIGCHLD, () => print('a child'))
    const child = os.exec(['probe', 'exit', '3'], { block: false })
    const start = os.now()
    os.sleep(20000)
    print((os.now() - start) / 1000 < 15000, os.waitpid(child)[1] >> 8)
    setTimeout(() => {}, 1)`)
  assert.equal(stdout, 'true 3\na child\n')
})

test('a group is signalled as one, and a process signals nobody that does not descend from it', async () => {
  const { stdout } = await script(`
    const first = os.exec(['probe', 'sleep', '60000'], { block: false, group: 0 })
    const second = os.exec(['probe', 'sleep', '60000'], { block: false, group: first })
    print(os.getpgid(first) === first, os.getpgid(second) === first, os.getpgid() === os.getpid())
    print(os.kill(-first, os.SIGTERM))
    print([os.waitpid(-first)[1], os.waitpid(-first)[1]].join())
    try { os.exec(['probe', 'exit', '0'], { group: 424242 }) } catch (error) { print(error.errno) }`)
  assert.equal(stdout, 'true true true\n0\n15,15\n63\n')
  const stranger = await spawn('./probe.wasm', ['sleep', '60000'])
  const refused = await script(`print(os.kill(${stranger}, os.SIGTERM), os.kill(-${stranger}, os.SIGTERM))`)
  assert.equal(refused.stdout, '-63 -63\n')
  await until(stranger, 'sleeping')
  await kill(stranger, 'SIGKILL')
})

test('Ctrl-C and Ctrl-Z go to the foreground job; the shell sees it stop and takes the terminal back', async () => {
  const { screen, code } = await onTerminal(
    `os.signal(os.SIGTTOU, null)
    const job = os.exec(['probe', 'lines'], { block: false, group: 0, foreground: true })
    print('foreground', os.tcgetpgrp(0) === job)
    const [pid, status] = os.waitpid(job, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgid())
    print('stopped', (status & 0xff) === 0x7f, status >> 8)
    os.tcsetpgrp(0, job)
    os.kill(-job, os.SIGCONT)
    print('again')
    print('ended', os.waitpid(job)[1])`,
    [
      { when: /foreground true/, keys: '\x1a' },
      { when: /again/, keys: '\x03' },
    ],
  )
  assert.equal(code, 0)
  assert.match(screen, /foreground true[\s\S]*stopped true 20[\s\S]*again[\s\S]*ended 2/)
})

test('a background job that reads the terminal is stopped, and reads once it is in the foreground', async () => {
  const { screen } = await onTerminal(
    `os.signal(os.SIGTTOU, null)
    const job = os.exec(['probe', 'lines'], { block: false, group: 0 })
    const [, status] = os.waitpid(job, os.WUNTRACED)
    print('stopped by', status >> 8)
    os.tcsetpgrp(0, job)
    os.kill(job, os.SIGCONT)
    os.waitpid(job)
    print('done')`,
    [{ when: /stopped by 21/, keys: 'hello\r\x04' }],
  )
  assert.match(screen, /stopped by 21[\s\S]*1: hello[\s\S]*done/)
})

test('Ctrl-Z does nothing to a program that nobody could continue', async () => {
  const { screen, code } = await onTerminal(`print('ready'); print('got', std.in.getline())`, [
    { when: /ready/, keys: '\x1ahello\r' },
  ])
  assert.equal(code, 0)
  assert.match(screen, /got hello/)
})

test('the window’s size is a signal that a handler hears', async () => {
  const name = await write(`import * as os from 'qjs:os'
    os.signal(os.SIGWINCH, () => { print('resized'); clearTimeout(timer) })
    const timer = setTimeout(() => print('never'), 20000)
    print('ready')`)
  const screen = await site.page.evaluate(async (name) => {
    const child = await window.wasmrun.spawn('qjs', [name], { terminal: { columns: 80, rows: 24 } })
    const reader = child.stdout.getReader()
    const decoder = new TextDecoder()
    let screen = decoder.decode((await reader.read()).value)
    await child.resize({ columns: 100, rows: 30 })
    for (let part = await reader.read(); !part.done; part = await reader.read())
      screen += decoder.decode(part.value)
    return screen
  }, name)
  assert.match(screen, /ready[\s\S]*resized/)
})

test('when the terminal’s first process ends, its children in the foreground are hung up', async () => {
  const before = await site.page.evaluate(async () => (await window.wasmrun.processes.list()).length)
  await onTerminal(`os.exec(['probe', 'sleep', '60000'], { block: false }); print('bye')`, [])
  for (let tries = 0; tries < 60; tries++) {
    const now = await site.page.evaluate(async () => (await window.wasmrun.processes.list()).length)
    if (now === before) return
    await new Promise((done) => setTimeout(done, 50))
  }
  assert.fail('the child lives on')
})

test('a signal descriptor is read like a file', async () => {
  const { stdout } = await script(`
    const bit = (number) => 1 << (number - 1)
    os.sigmask(bit(os.SIGUSR1) | bit(os.SIGCHLD))
    const fd = os.signalfd(bit(os.SIGUSR1) | bit(os.SIGCHLD))
    os.kill(os.getpid(), os.SIGUSR1)
    os.exec(['probe', 'exit', '0'])
    const bytes = new Uint8Array(64)
    print(os.read(fd, bytes.buffer, 0, 64), bytes[0], bytes[4])
    const child = os.exec(['probe', 'sleep', '50'], { block: false })
    print(os.read(fd, bytes.buffer, 0, 64), bytes[0], os.waitpid(child)[0] === child)`)
  assert.match(stdout, /^8 10 17\nslept \d+ ms\n4 17 true\n$/)
})

test('exec in place keeps the pid and the descriptors; a refusal leaves the program as it was', async () => {
  await write(
    `import * as os from 'qjs:os'
    print('before', os.getpid())
    try { os.exec(['no-such'], { replace: true }) } catch (error) { print('refused', error.errno) }
    os.exec(['probe', 'args', 'in place'], { replace: true, argv0: 'renamed' })
    print('never')`,
    'becomes.mjs',
  )
  const { stdout, stderr, code } = await script(`
    const [reader, writer] = os.pipe()
    const child = os.exec(['qjs', '/home/project/becomes.mjs'], { block: false, stdout: writer })
    os.close(writer)
    const bytes = new Uint8Array(4096)
    let text = ''
    for (let count; (count = os.read(reader, bytes.buffer, 0, 4096)) > 0; )
      for (let i = 0; i < count; i++) text += String.fromCharCode(bytes[i])
    const [pid, status] = os.waitpid(child)
    print(pid === child, status >> 8)
    print(text)`)
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^true 0\nbefore (\d+)\nrefused 44\n(.*\n)*argv\[0\]=renamed\n(.*\n)*argv\[2\]=in place/,
  )
})

test('a descriptor that closes on exec is gone after it, one above a given number is made, the group stays', async () => {
  await write(
    `import * as os from 'qjs:os'
    print(scriptArgs[1] === [os.getpid(), os.getpgid()].join(), os.close(20), os.close(21))`,
    'after-exec.mjs',
  )
  await write(
    `import * as os from 'qjs:os'
    print(os.dupFrom(1, 20), os.dupFrom(1, 20), os.dupFrom(1, -1), os.closeOnExec(20, true))
    os.setpgid(0, 0)
    os.exec(['qjs', 'after-exec.mjs', [os.getpid(), os.getpgid()].join()], { replace: true })`,
    'before-exec.mjs',
  )
  const { stdout, stderr } = await script(`print(os.exec(['qjs', 'before-exec.mjs']))`)
  assert.deepEqual([stdout, stderr], ['20 21 -28 false\ntrue -8 0\n0\n', ''])
})

test('scripts name their interpreter: through env, by path, with an argument, by PATH, and not at all', async () => {
  const bin = (name: string, text: string): Promise<void> => mount(site.page, { [name]: text }, '/usr/bin')
  await bin('greet', '#!/usr/bin/env qjs\nprint("hello", scriptArgs.slice(1).join())')
  await bin('as-module', '#!/usr/bin/qjs -m\nexport const x = 1; print("module", x)')
  await bin('nested', '#!/usr/bin/greet\n')
  await bin('loop', '#!/usr/bin/loop\n')
  await bin('orphan', '#!/no/such/program\n')
  await bin('plain', 'just words\n')
  await mount(site.page, {
    'tool.py': '#!/usr/bin/env -S python3 -u\nimport sys\nprint("python", sys.argv[1:])\n',
  })
  assert.equal((await run(site.page, 'greet', ['a', 'b'])).stdout, 'hello a,b\n')
  assert.equal((await run(site.page, 'as-module')).stdout, 'module 1\n')
  assert.equal((await run(site.page, './tool.py', ['x'])).stdout, "python ['x']\n")
  const refused = (command: string): Promise<string> =>
    run(site.page, command).then(
      () => 'ran',
      (error: Error) => /E[A-Z]+/.exec(error.message)?.[0] ?? error.message,
    )
  assert.equal(await refused('loop'), 'ELOOP')
  assert.equal(await refused('orphan'), 'ENOENT')
  assert.equal(await refused('plain'), 'ENOEXEC')
  assert.equal((await run(site.page, 'nested', ['c'])).stdout, 'hello /usr/bin/nested,c\n')
})

test('/proc/self tells a WASI program and a script of themselves, at that moment', async () => {
  const python = `import os
print(open('/proc/self/status').read().split('State:')[1].split()[0])
print(open('/proc/self/cmdline').read().split(chr(0))[:2])
print('HOME=/home' in open('/proc/self/environ').read().split(chr(0)))
print(open('/proc/self/stat').read().split()[1])
before = len(os.listdir('/proc/self/fd'))
kept = open('main-proc.py')
print(len(os.listdir('/proc/self/fd')) - before)
print(os.readlink('/proc/self/cwd'))
try:
  open('/proc/99999/status')
except FileNotFoundError:
  print('no such process')
`
  await mount(site.page, { 'main-proc.py': python })
  const { stdout, stderr } = await run(site.page, 'python3', ['main-proc.py'])
  assert.equal(stderr, '')
  assert.equal(stdout, "R\n['python3', 'main-proc.py']\nTrue\n(python3)\n1\n/home/project\nno such process\n")
  const child = await script(`
    const child = os.exec(['probe', 'sleep', '60000'], { block: false })
    os.kill(child, os.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    print(/State:\\t(.*)/.exec(std.loadFile('/proc/' + child + '/status'))[1])
    print(os.readdir('/proc')[0].includes(String(child)))
    os.kill(child, os.SIGKILL)
    os.waitpid(child)
    print(std.loadFile('/proc/' + child + '/status'))`)
  assert.equal(child.stdout, 'T (stopped)\ntrue\nnull\n')
})

test('a guest that damages /proc misleads nobody but itself, and nothing outside is written', async () => {
  const { stdout } = await script(`
    const own = '/proc/' + os.getpid()
    print(os.remove(own + '/status') < 0)
    print(std.loadFile('/proc/self/status') !== null)`)
  assert.equal(stdout, 'true\ntrue\n')
  const python = `import os
own = '/proc/' + open('/proc/self/stat').read().split()[0]
open('victim.txt', 'w').write('precious')
os.remove(own + '/status')
os.symlink('../../home/project/victim.txt', own + '/status')
os.symlink('../../home/project/victim.txt', own + '/status~')
print(open('/proc/self/status').read()[:5])
print(open('victim.txt').read())
`
  await mount(site.page, { 'damage.py': python })
  const damaged = await run(site.page, 'python3', ['damage.py'])
  assert.equal(damaged.stdout, 'Name:\nprecious\n', damaged.stderr)
  assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
})
