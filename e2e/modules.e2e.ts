/** Modules that mean harm by their shape: the page answers throughout, the user reads why, and what runs can be stopped. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, openSite, type Site } from './browser.ts'
import {
  endlessStart,
  evilNames,
  hugeCustomSection,
  hugeMemory,
  hungryTable,
  manyExports,
  oddImports,
  ownSharedMemory,
  twoMemories,
  wideMemory,
} from './fixtures/modules.ts'

/** The longest that the page may be kept from what it wants to do, on a loaded machine with two cores. */
const MOST_LATE_MS = 1500

let site: Site

before(async () => {
  site = await openSite({
    intercept: (request, response) => {
      const found = served.get(request.url?.split('?')[0] ?? '')
      if (!found) return false
      response.writeHead(200, { 'Content-Type': 'application/wasm' })
      response.end(found)
      return true
    },
  })
  await boot(site)
})
after(() => site?.close())

const served = new Map<string, Uint8Array>()

interface Outcome {
  code: number
  signal: string | null
  message: string
  /** Longest time that a timer of the page came late. */
  late: number
  error: string
}

/** Runs a module; one that does not end by itself within a second is killed. */
const runModule = (name: string, bytes: Uint8Array, memory = 2 ** 31): Promise<Outcome> => {
  served.set(`/${name}.wasm`, bytes)
  return site.page.evaluate(
    async ({ name, memory }) => {
      const content = new Uint8Array(await (await fetch(`/${name}.wasm`)).arrayBuffer())
      const outcome = { code: -1, signal: null as string | null, message: '', late: 0, error: '' }
      let isOver = false
      const ticks = (async () => {
        while (!isOver) {
          const start = performance.now()
          await new Promise((resolve) => setTimeout(resolve, 20))
          outcome.late = Math.max(outcome.late, performance.now() - start - 20)
        }
      })()
      const stop = window.wasmrun.on('exit', ({ message }) => {
        outcome.message = message
      })
      try {
        await window.wasmrun.fs.writeFile(`/home/project/${name}.wasm`, content)
        const child = await window.wasmrun.spawn(`/home/project/${name}.wasm`, [], { limits: { memory } })
        const timer = setTimeout(() => void child.kill('SIGKILL').catch(() => {}), 1000)
        Object.assign(outcome, await child.exit)
        clearTimeout(timer)
      } catch (error) {
        outcome.error = String(error)
      }
      isOver = true
      await ticks
      stop()
      return outcome
    },
    { name, memory },
  )
}

const isLively = ({ late }: Outcome): void =>
  assert.ok(late < MOST_LATE_MS, `the page was late by ${late} ms`)
const said = ({ message, error }: Outcome): string => `${message} ${error}`

test('a memory of four gigabytes at the start is refused in words', async () => {
  const outcome = await runModule('huge', hugeMemory(65_536))
  isLively(outcome)
  assert.notEqual(outcome.code, 0)
  assert.match(said(outcome), /memory/i)
  assert.match(said(outcome), /MiB|GiB|bytes|limit/i)
})

test('a memory that no browser has is refused in words', async () => {
  const outcome = await runModule('larger', hugeMemory(70_000))
  isLively(outcome)
  assert.match(said(outcome), /memory/i)
})

test('a hundred thousand exports are only many', async () => {
  const outcome = await runModule('exports', manyExports(100_000))
  isLively(outcome)
  assert.equal(outcome.code, 0, said(outcome))
})

test('a start function that never ends is killed like any program', async () => {
  const outcome = await runModule('endless', endlessStart())
  isLively(outcome)
  assert.equal(outcome.signal, 'SIGKILL', said(outcome))
})

test('imports of the wrong kind, and by dangerous names, are named', async () => {
  const outcome = await runModule('odd', oddImports())
  isLively(outcome)
  assert.equal(outcome.code, 126)
  assert.match(outcome.message, /fd_write \(global\)/)
  assert.match(outcome.message, /__proto__/)
})

test('exports by dangerous names harm nobody', async () => {
  const outcome = await runModule('names', evilNames())
  isLively(outcome)
  assert.equal(outcome.code, 0, said(outcome))
})

test('a section of forty megabytes that means nothing is only long', async () => {
  const outcome = await runModule('section', hugeCustomSection(40 * 1024 * 1024))
  assert.equal(outcome.code, 0, said(outcome))
})

test('memories that would get around the limit are refused, each with its reason', async () => {
  const odd: [string, Uint8Array, RegExp][] = [
    ['two', twoMemories(), /ENOTSUP.*2 memories.*two\.wasm/],
    ['wide', wideMemory(), /ENOTSUP.*64 bits/],
    ['own', ownSharedMemory(), /ENOTSUP.*shared memory of its own/],
  ]
  for (const [name, bytes, words] of odd) {
    const outcome = await runModule(name, bytes)
    isLively(outcome)
    assert.match(said(outcome), words)
  }
})

test('a table that grows without end is refused at its part of the memory limit', async () => {
  const limit = 64 * 1024 * 1024
  const outcome = await runModule('table', hungryTable(limit / 16), limit)
  isLively(outcome)
  assert.equal(outcome.code, 0, said(outcome))
})

test('after all of them the machine is sound and holds nothing', async () => {
  const { problems, audit } = await site.page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5500))
    return { problems: await window.wasmrun.check(), audit: await window.wasmrun.audit() }
  })
  assert.deepEqual(problems, [])
  assert.equal(audit.processes, 0)
  assert.equal(audit.workers.bound, 0)
  assert.deepEqual(audit.locks, { files: -1, objects: -1 })
})
