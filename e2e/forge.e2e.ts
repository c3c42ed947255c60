/**
 * A guest that has broken out of its runtime and writes messages of its own: native code in a process worker and in the kernel worker,
 * with their true ports. Whoever hears them, kernel, host or page, refuses, and goes on as if nothing had been said.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, openSite, ready, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'
import { type Place, patchSite } from './jail-site.ts'

declare global {
  interface Window {
    forged: { place: string; sent: number; heard: string[]; magic: number }[]
  }
}

/** Of the kernel, for its processes. */
const PROCESS_API = ['exit', 'spawn', 'exec', 'spawnThread', 'endThread', 'kill', 'refresh']
/** Of the kernel, for the page alone. */
const KERNEL_API = [
  'writeFile',
  'writeTree',
  'setLimits',
  'setDiagnostics',
  'restoreProject',
  'keepProject',
  'stopSaving',
  'serveTree',
  'facts',
  'audit',
  'strace',
]
/** Of the host, for the page alone. */
const HOST_API = [
  'getSetting',
  'setSetting',
  'remove',
  'prefetch',
  'storage',
  'runtimes',
  'addRuntimeSource',
  'listProjects',
  'createProject',
  'openProject',
  'renameProject',
  'duplicateProject',
  'deleteProject',
  'exportProject',
  'connectDisk',
  'disconnectDisk',
]
/** Of the host, for the kernel: about the one project that is open, and at boot none is. */
const PROJECT_API = ['load', 'readParts', 'appendLog', 'restartLog', 'beginBase', 'appendBase', 'switchBase']

/** Of the patched script: to the page, past the lock-down. */
declare const $report: (data: unknown) => void

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** Runs in the worker, before the machine's own script: waits for the ports, and then says everything that it can think of. */
const forge = (place: string, methods: string[]): void => {
  const raw = (value: unknown): unknown => ({ type: 'RAW', value })
  const pollute = JSON.parse(
    '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}',
  )
  const odd: unknown[] = [
    undefined,
    null,
    -1,
    2 ** 31,
    2 ** 53,
    Number.NaN,
    1.5,
    '7',
    'x'.repeat(300_000),
    [],
    {},
    pollute,
    [pollute],
    { length: 2 ** 32 },
    new Map([[pollute, pollute]]),
    new ArrayBuffer(64),
    new Error('e'),
    10n,
  ]
  const forgeries = (): unknown[] => {
    const messages: unknown[] = [...odd]
    let id = 0
    const say = (message: object): void => void messages.push({ id: `forged-${id++}`, ...message })
    for (const type of [
      'GET',
      'SET',
      'APPLY',
      'CONSTRUCT',
      'ENDPOINT',
      'RELEASE',
      'RAW',
      'HANDLER',
      'boot',
      'fault',
      'output',
      'exit',
      'process',
    ])
      for (const path of [
        [],
        ['constructor'],
        ['constructor', 'constructor'],
        ['__proto__', 'polluted'],
        ['exit', 'constructor'],
        '__proto__',
        null,
      ])
        say({
          type,
          path,
          argumentList: [raw('globalThis.polluted = Object.prototype.polluted = "yes"')],
          value: raw('yes'),
        })
    for (const name of methods) {
      for (const first of odd) {
        for (const second of [...odd, 9])
          say({ type: 'APPLY', path: [name], argumentList: [raw(first), raw(second)] })
        say({ type: 'APPLY', path: [name], argumentList: [raw(first), raw(1), raw(9)] })
      }
      const child = { command: 'no-such-command', args: [], cwd: '/', env: pollute, descriptors: [] }
      for (const request of [
        { ...child, command: 'qjs', descriptors: [[0, -1]] },
        { ...child, argv0: pollute },
        { ...child, group: -7, session: pollute },
        { ...child, ignored: 2 ** 40 },
        child,
      ])
        say({ type: 'APPLY', path: [name], argumentList: [raw(0), raw(request)] })
      // Signals to everybody, threads by the dozen, every process of /proc.
      for (const [first, second] of [
        [-1, 9],
        [2 ** 31 - 1, 9],
        [2 ** 31 - 1, 0],
      ])
        say({ type: 'APPLY', path: [name], argumentList: [raw(3), raw(first), raw(second)] })
    }
    for (const type of ['output', 'exit', 'process', 'watch', 'save', 'log', 'strace'])
      for (const value of odd)
        messages.push({
          type,
          pid: value,
          chunks: value,
          bytes: value,
          reason: value,
          process: value,
          id: value,
          paths: value,
          writers: value,
          state: value,
          message: value,
          text: value,
          severity: value,
          entries: value,
          time: value,
        })
    return messages
  }
  let isPassed = false
  self.addEventListener('message', (event: Event) => {
    const { data, ports } = event as MessageEvent
    const bind = place === 'process' ? data : undefined
    const targets: MessagePort[] = bind ? [bind.port] : [...ports]
    if (isPassed || (bind && bind.type !== 'bind')) return
    // The machine's own script hears it when all has been said, so that answers can be heard meanwhile.
    event.stopImmediatePropagation()
    const heard: string[] = []
    for (const port of targets)
      port.addEventListener('message', ({ data }) => {
        if (data?.type === 'HANDLER') heard.push(JSON.stringify(data.name))
        else if (String(data?.id).startsWith('forged') && data?.value && 'value' in data.value)
          heard.push(`${data.id}: ${typeof data.value.value}`)
      })
    let sent = 0
    for (const port of targets) {
      for (const message of forgeries()) {
        try {
          port.postMessage(message)
          sent++
        } catch {
          // What cannot be cloned cannot be said.
        }
      }
    }
    const memory = bind?.memory as WebAssembly.Memory | undefined
    setTimeout(() => {
      const magic = memory ? (new Int32Array(memory.buffer)[0] ?? 0) : 0
      $report({ attack: `forged ${place}`, results: { place, sent, heard, magic } })
      isPassed = true
      self.dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }))
    }, 1500)
  })
}

interface Forged {
  sent: number
  heard: string[]
  magic: number
}

const battle = async (
  place: Place,
  methods: string[],
  use: (site: Site, forged: () => Promise<Forged>) => Promise<void>,
): Promise<void> => {
  // The jail's document has its own way to the page.
  const report = place === 'jail' ? ";const $report = (data) => parent.postMessage(data, '*');" : ''
  const head = `${report};(${forge.toString()})(${JSON.stringify(place)}, ${JSON.stringify(methods)});`
  const patched = patchSite({ heads: { [place]: head } }, () => ({ hits: '', udp: 0, site: '' }) as never)
  const site = await openSite({ browser, intercept: patched.intercept })
  const errors: string[] = []
  site.page.on('pageerror', (error) => errors.push(error.message))
  await site.page.addInitScript(() => {
    if (window !== top) return
    const reports: unknown[] = []
    Object.assign(window, { forged: reports })
    window.addEventListener('message', ({ data }) => {
      if (String(data?.attack).startsWith('forged')) reports.push(data.results)
    })
  })
  const forged = async (): Promise<Forged> => {
    const found = await site.page.waitForFunction(() => window.forged?.[0], null, { timeout: 30_000 })
    return (await found.jsonValue()) as unknown as Forged
  }
  try {
    await site.page.goto(site.url)
    await ready(site.page)
    const bytes = [...(await readProgram('probe'))]
    await site.page.evaluate(
      (list) => window.wasmrun.fs.writeFile('/home/project/probe.wasm', new Uint8Array(list)),
      bytes,
    )
    await use(site, forged)
    assert.deepEqual(errors, [], 'nothing was thrown in the page')
    assert.equal(await site.page.evaluate(() => (({}) as { polluted?: string }).polluted), undefined)
  } finally {
    await site.close()
  }
}

test('a process worker that forges messages gets nothing, and the machine goes on', () =>
  battle(
    'process',
    [...PROCESS_API, ...KERNEL_API, 'toString', '__proto__', 'then'],
    async (site, forged) => {
      const first = await run(site.page, '/home/project/probe.wasm', ['sleep', '2500'])
      assert.equal(typeof first.code, 'number')
      const { sent, heard, magic } = await forged()
      assert.ok(sent > 500, `${sent} messages`)
      // Calls that are well-formed are answered with undefined, which says nothing.
      assert.deepEqual(
        heard.filter((answer) => !answer.endsWith(': undefined')),
        [],
      )
      assert.equal(magic, 0x57524d31, 'a forged reply number was an address')
      const state = await site.page.evaluate(async () => ({
        problems: await window.wasmrun.check(),
        audit: await window.wasmrun.audit(),
        processes: await window.wasmrun.processes.list(),
      }))
      assert.deepEqual(state.problems, [])
      assert.deepEqual(state.audit.locks, { files: -1, objects: -1 })
      assert.equal(state.processes.length, 0)
    },
  ))

test('a kernel worker that is taken over gets nothing from host and page', () =>
  battle('kernel', [...PROJECT_API, ...HOST_API, 'kernelFailed', 'toString'], async (site, forged) => {
    const { sent, heard } = await forged()
    assert.ok(sent > 1000, `${sent} messages`)
    assert.deepEqual(
      heard.filter((answer) => !answer.endsWith(': undefined')),
      [],
    )
    const storage = await site.page.evaluate(async () => ({
      polluted: ({} as { polluted?: string }).polluted,
      // The host answers, and has kept nothing that was forged.
      works: (await window.wasmrun.storage()).works,
      theme: await window.wasmrun.settings.get('theme'),
    }))
    assert.equal(storage.polluted, undefined)
    assert.equal(storage.works, true)
    assert.notEqual(typeof storage.theme, 'object')
    const done = await run(site.page, '/home/project/probe.wasm', ['exit', '3'])
    assert.equal(done.code, 3)
  }))

test('what a taken-over jail cannot reach: another project, its files, settings, runtimes', () =>
  battle('jail', [...PROJECT_API, ...HOST_API, 'toString'], async (site, forged) => {
    const { sent, heard } = await forged()
    assert.ok(sent > 3000, `${sent} messages`)
    assert.deepEqual(
      heard.filter((answer) => !answer.endsWith(': undefined')),
      [],
    )
    const id = await site.page.evaluate(async () => {
      const { projects, fs } = window.wasmrun
      const { id } = await projects.create('kept', { files: 'none' })
      await fs.writeFile('/home/project/precious.txt', 'precious')
      await projects.save()
      await projects.close()
      return id
    })
    // The next jail is taken over as well: at its start no project is open, and it finds no way to this one.
    await site.page.reload()
    await ready(site.page)
    await forged()
    const after = await site.page.evaluate(async (id) => {
      const { projects, settings, runtimes } = window.wasmrun
      const { zip } = await projects.export(id)
      return {
        names: (await projects.list()).map(({ name }) => name),
        bytes: zip.size,
        theme: typeof (await settings.get('theme')),
        sources: (await runtimes.sources()).length,
      }
    }, id)
    assert.deepEqual(after.names, ['kept'])
    assert.ok(after.bytes > 100)
    assert.notEqual(after.theme, 'object')
    assert.equal(after.sources, 0)
    assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
  }))
