/**
 * Chromium before 137, and every browser without Document-Isolation-Policy: the page isolates itself by COOP and COEP. The same
 * jail stands under other rules then, so the wall and the four languages are tried again.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { COMMON, DOCUMENT, GUEST, WEBRTC, WORKER } from './attacks.ts'
import { launch, mount, openSite, ready, run, type Site } from './browser.ts'
import { readBadModule } from './fixtures/programs.ts'
import { fight, forgetBrand } from './jail-battle.ts'

let browser: Browser
let site: Site
let page: Page

before(async () => {
  browser = await launch()
  site = await openSite({ browser })
  page = site.page
  await forgetBrand(page)
  await page.goto(site.url)
  await ready(page)
})
after(async () => {
  await site?.close()
  await browser?.close()
})

test('the page is isolated by COOP and COEP, not by Document-Isolation-Policy', async () => {
  const response = await page.reload()
  await ready(page)
  const headers = (await response?.allHeaders()) ?? {}
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
  assert.equal(headers['cross-origin-embedder-policy'], 'require-corp')
  assert.equal(headers['document-isolation-policy'], undefined)
  assert.equal(await page.evaluate(() => crossOriginIsolated), true)
})

test('Python, JavaScript, Ruby, Rust and Go run under it', async () => {
  await mount(page, {
    'main.py': 'import sys\nprint("python", input())\nsys.exit(4)\n',
    'main.js': 'print("quickjs")\n',
    'main.rb': 'puts "ruby"\n',
  })
  const python = await run(page, 'python3', ['main.py'], { stdin: 'reads\n' })
  assert.deepEqual([python.stdout, python.code], ['python reads\n', 4])
  assert.equal((await run(page, 'qjs', ['main.js'])).stdout, 'quickjs\n')
  assert.equal((await run(page, 'ruby', ['main.rb'])).stdout, 'ruby\n')
  for (const [name, words] of [
    ['rust-hello', /Hello from Rust/],
    ['go-hello', /goroutines took/],
  ] as const) {
    const packed = readFileSync(join('examples', name, 'prebuilt', `${name}.wasm.gz`))
    const places =
      name === 'rust-hello' ? { 'places.txt': readFileSync(join('examples', name, 'places.txt')) } : {}
    await mount(page, { 'main.wasm': gunzipSync(packed), ...places }, `/home/${name}`)
    const { stdout, code } = await run(page, './main.wasm', [], { cwd: `/home/${name}`, stdin: 'one\n' })
    assert.match(stdout, words)
    assert.equal(code, 0)
  }
})

test('the wall stands under it: document, kernel and a guest get nothing', () => {
  const worker = { ...COMMON, ...WORKER }
  const guest = { ...worker, ...GUEST, ...WEBRTC }
  const plans = [
    { place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } },
    { place: 'kernel' as const, when: 'before' as const, attacks: worker },
    { place: 'process' as const, when: 'guest' as const, attacks: guest },
  ]
  return fight(browser, { plans, withoutDip: true }, async ({ site, results, hits }) => {
    await ready(site.page)
    await mount(site.page, { 'good.wasm': readBadModule('good') })
    await site.page.evaluate(async () => void (await window.wasmrun.spawn('./good.wasm')))
    for (const place of ['jail after', 'kernel before', 'process guest']) {
      const all = Object.entries(await results(place))
      assert.ok(all.length >= Object.keys(COMMON).length, `${place} was attacked`)
      assert.deepEqual(
        all.filter(([, result]) => /^got: ./.test(result)),
        [],
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 700))
    assert.deepEqual(hits, [])
    assert.equal(site.page.url(), site.url)
  })
})

test('and without the wall the same attacks succeed under it', () => {
  const plans = [{ place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } }]
  const hole = ['attribute', 'policy', 'frames'] as const
  return fight(browser, { plans, hole, withoutDip: true }, async ({ results, hits }) => {
    const got = await results('jail after')
    const through = [
      'origin',
      'indexedDB',
      'parent.wasmrun',
      'fetch of another origin',
      'fetch of the site',
      'WebSocket',
    ]
    assert.deepEqual(
      through.filter((name) => !/^got: ./.test(got[name] ?? '')),
      [],
    )
    assert.ok(hits.includes('/fetch') && hits.includes('/socket'), hits.join())
  })
})
