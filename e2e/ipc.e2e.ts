/**
 * The imports of `wasmrun` in a browser: the example from the gallery, ports and capabilities between true processes, what a guest
 * cannot get, what is taken back, and that nothing is left of it. One machine for the whole file.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exampleFiles, readGallery } from '../tools/examples.mjs'
import { boot, type Finished, mount, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

/** More than what pools of open files, ports and capabilities grow to. */
const POOLS_BYTES = 524_288

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'ipc.wasm': readProgram('ipc'), 'plain.wasm': readProgram('probe') })
})
after(() => site?.close())

const task = (name: string): Promise<Finished> => run(site.page, './ipc.wasm', [name])
const linesOf = async (name: string): Promise<string[]> => {
  const { stdout, stderr, code } = await task(name)
  assert.deepEqual([stderr, code], ['', 0], stdout)
  return stdout.trimEnd().split('\n')
}

/** Until a child of the process waits in that call, as the process table has it: its pid. */
const waiting = (parent: number, call: string): Promise<number> =>
  site.page.evaluate(
    async ({ parent, call }) => {
      for (let tries = 0; tries < 400; tries++) {
        const all = await window.wasmrun.processes.list()
        const found = all.find((one) => (one.parent === parent || one.pid === parent) && one.waiting === call)
        if (found) return found.pid
        await new Promise((done) => setTimeout(done, 25))
      }
      throw new Error(`nobody waits in ${call}`)
    },
    { parent, call },
  )

/** Starts a task and, once somebody waits in the call, does something. What it has printed. */
const during = async (name: string, call: string, act: 'line' | 'kill'): Promise<string> => {
  const pid = await site.page.evaluate(async (name) => {
    const child = await window.wasmrun.spawn('./ipc.wasm', [name])
    const held = window as unknown as Record<string, unknown>
    held.child = child
    held.printed = new Response(child.stdout).text()
    return child.pid
  }, name)
  const who = await waiting(pid, call)
  return site.page.evaluate(
    async ({ act, who, pid }) => {
      const held = window as unknown as {
        child: { input: WritableStream<string>; exit: Promise<unknown> }
        printed: Promise<string>
      }
      if (act === 'line') {
        const writer = held.child.input.getWriter()
        await writer.write('\n')
      } else {
        const all = await window.wasmrun.processes.list()
        const service = all.find((one) => one.parent === pid)
        await window.wasmrun.processes.kill(service?.pid ?? who, 'SIGKILL')
      }
      await held.child.exit
      return held.printed
    },
    { act, who, pid },
  )
}

test('the example: a writer, a reader, a stranger, and a guest whose capability is taken back', async () => {
  const found = readGallery().examples.find(({ id }) => id === 'ipc')
  assert.ok(found)
  await mount(site.page, exampleFiles(found), '/home/project/example')
  const { stdout, stderr, code } = await run(site.page, './main.wasm', [], { cwd: '/home/project/example' })
  assert.deepEqual([stderr, code], ['', 0])
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'writer: write 40 is 40',
    'writer: write 2 is 42',
    'writer: read is 42',
    'reader: read is 42',
    'reader: cannot open "write": No such file or directory',
    'stranger: cannot open "read": Bad file descriptor',
    'stranger: cannot open "write": Bad file descriptor',
    'guest: write 8 is 50',
    'main: has taken back what it lent the guest',
    'guest: cannot open "read": Stale file handle',
    'guest: cannot open "write": Stale file handle',
    'main: the count is 50',
    'counter: nobody can ask any more; the count is 50',
  ])
})

test('a message goes through, or says what room it needs; after a revocation neither port nor name is there', async () => {
  assert.deepEqual(await linesOf('message'), [
    'send: ok',
    'too small: Message too large',
    'needs 5',
    'receive: ok',
    'hello from somebody',
    'nothing: Resource temporarily unavailable',
    'revoke: ok',
    'send: Stale file handle',
    'open: No such file or directory',
  ])
})

test('what a capability does not allow is EACCES, ENOENT or EINVAL, and EPIPE once the service has ended', async () => {
  assert.deepEqual(await linesOf('deny'), [
    'bind: Permission denied',
    'no such name: No such file or directory',
    'more than one has: Permission denied',
    'receive by a right to send: Permission denied',
    'send by a right to receive: Permission denied',
    'a right to receive, sent: Invalid argument',
    'after the end of the service: Broken pipe',
  ])
})

test('forged handles are EBADF in every call', async () => {
  const [said = ''] = await linesOf('forge')
  const [refused, calls] = said.split(' of ')
  assert.equal(refused, calls)
  assert.equal(calls, String(15 * 9))
})

test('a child has the capability that it was handed, and no other', async () => {
  assert.deepEqual(await linesOf('inherit'), [
    '0 capabilities',
    '40 is a port with rights 5',
    '1 capabilities',
    'without the right to hand on: Permission denied',
    'to a program without wasmrun: Not supported',
  ])
})

test('a sender that waits for room, and a receiver that waits for a message, are woken by a revocation', async () => {
  // Two processes write: whose line comes first is nobody's promise.
  const lines = async (name: string, call: string): Promise<string[]> =>
    (await during(name, call, 'line')).trimEnd().split('\n').sort()
  assert.deepEqual(await lines('revoke-send', 'send'), [
    '64 sent, then: Resource temporarily unavailable',
    'revoke: ok',
    'send: Stale file handle',
  ])
  assert.deepEqual(await lines('revoke-receive', 'receive'), [
    'receive: Stale file handle',
    'receiving',
    'revoke: ok',
  ])
})

test('the death of a service wakes a client that waits for its answer', async () => {
  assert.match(
    await during('orphan', 'receive', 'kill'),
    /^service \d+\ncall: Broken pipe\nsend: Broken pipe\nsignal 9\n$/,
  )
})

test('processes: groups, stop and go on, signals, statuses, and none but one’s own', async () => {
  assert.deepEqual(await linesOf('jobs'), [
    'nobody has ended: ok',
    'none 0, status 0',
    'stopped 1',
    'goes on 1',
    'signal 15 of 1',
    'no child is left: No child process',
    'a stranger: No such process',
  ])
})

test('the working directory, pipes and dup2, a child’s environment and directory, and commands that are not there', async () => {
  assert.deepEqual(await linesOf('place'), [
    'at /home/project',
    'too small: Result not representable',
    'chdir: ok',
    'at /home/project/inner',
    'a file: Not a directory',
    'nothing: No such file or directory',
    'out: ok',
    'the child: found green',
    'no command: No such file or directory',
    'no file: No such file or directory',
    'no directory: No such file or directory',
  ])
})

test('a terminal: its size read and set, and a key without Enter in raw mode', async () => {
  const screen = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./ipc.wasm', ['terminal'], {
      terminal: { columns: 80, rows: 24 },
    })
    const writer = child.input.getWriter()
    const decoder = new TextDecoder()
    let screen = ''
    let asked = false
    for await (const chunk of child.stdout as unknown as AsyncIterable<Uint8Array>) {
      screen += decoder.decode(chunk, { stream: true })
      if (asked || !screen.includes('a key?')) continue
      asked = true
      await writer.write('q')
    }
    return screen
  })
  assert.equal(screen.replaceAll('\r', ''), 'no terminal: Not a tty\n80 x 24\na key?\nkey 113\n33 x 10\n')
})

test('strace shows the calls by name, with what was sent and what came', async () => {
  const lines = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./ipc.wasm', ['message'], { strace: true })
    void new Response(child.stdout).text()
    void new Response(child.stderr).text()
    const lines: string[] = []
    for await (const entry of window.wasmrun.strace(child.pid) as unknown as AsyncIterable<{
      text: string
      import: string
    }>)
      if (entry.import.startsWith('wasmrun.')) lines.push(`${entry.import} ${entry.text}`)
    return lines
  })
  const names = /^wasmrun\.namespace_create port\(\) = (\d+)$/.exec(lines[0] ?? '')?.[1]
  const port = new RegExp(`^wasmrun\\.port_create port\\(${names}, "echo"\\) = (\\d+)$`).exec(
    lines[1] ?? '',
  )?.[1]
  const to = new RegExp(`^wasmrun\\.port_open port\\(${names}, "echo", 0x1, 0x0\\) = (\\d+)$`).exec(
    lines[2] ?? '',
  )?.[1]
  assert.ok(to, lines.join('\n'))
  assert.deepEqual(lines.slice(3), [
    `wasmrun.send send(${to}, "hello", 0, 0x0) = 0`,
    `wasmrun.receive receive(${port}, 3, 0, 0x0) = -1 EMSGSIZE (message too large)`,
    `wasmrun.receive receive(${port}, 65536, 0, 0x1) = 5`,
    `wasmrun.receive receive(${port}, 65536, 0, 0x1) = -1 EAGAIN (nothing to read yet)`,
    `wasmrun.revoke capability(${port}) = 0`,
    `wasmrun.send send(${to}, "hello", 0, 0x0) = -1 ESTALE (it was taken back)`,
    `wasmrun.port_open port(${names}, "echo", 0x1, 0x1) = -1 ENOENT (no such file or directory)`,
  ])
})

test('a storm of kills among processes that make, hand on and revoke without end leaves no port and no capability', {
  timeout: 90_000,
}, async () => {
  const NOTHING = { messagePorts: 0, namespaces: 0, messages: 0, capabilities: 0 }
  const held = (): Promise<typeof NOTHING & { openFiles: number; locks: object }> =>
    site.page.evaluate(async () => {
      const { messagePorts, namespaces, messages, capabilities, openFiles, locks } =
        await window.wasmrun.audit()
      return { messagePorts, namespaces, messages, capabilities, openFiles, locks }
    })
  const heap = (): Promise<number> => site.page.evaluate(async () => (await window.wasmrun.audit()).heap)
  const heapBefore = await heap()
  const before = await held()
  assert.deepEqual({ ...before, ...NOTHING }, before)
  for (let round = 0; round < 3; round++) {
    const most = await site.page.evaluate(async () => {
      const parent = await window.wasmrun.spawn('./ipc.wasm', ['storm'])
      const reader = parent.stdout.getReader()
      let said = ''
      while (said.split('busy').length <= 6) said += new TextDecoder().decode((await reader.read()).value)
      const seen = await window.wasmrun.audit()
      const all = await window.wasmrun.processes.list()
      await Promise.all(all.map(({ pid }) => window.wasmrun.processes.kill(pid, 'SIGKILL').catch(() => {})))
      await parent.exit
      return seen
    })
    assert.ok(most.messagePorts > 0 && most.capabilities > 0, 'the storm did blow')
  }
  await site.page.waitForFunction(async () => (await window.wasmrun.audit()).processes === 0)
  assert.deepEqual(await held(), before)
  // Blocks of the pools stay for the next port; messages, of several megabytes in each storm, do not.
  assert.ok((await heap()) - heapBefore < POOLS_BYTES, `${await heap()} bytes, before ${heapBefore}`)
  assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
})
