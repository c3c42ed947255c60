/** The script that the kernel worker evaluates when it is first asked for what is in it (src/kernel/inspector.ts). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, mount, openSite, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'probe.wasm': readProgram('probe') })
})
after(() => site?.close())

test('it is loaded by the first question, whichever that is, and answers all of them', {
  timeout: 40_000,
}, async () => {
  const said = await site.page.evaluate(async () => {
    const faults = await window.wasmrun.check()
    const { processes, locks } = await window.wasmrun.audit()
    return { faults, processes, locks }
  })
  assert.deepEqual(said, { faults: [], processes: 0, locks: { files: -1, objects: -1 } })
})
