import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleScript, fillTemplate, ROOT } from './build.mjs'
import { missingPackages } from './install.mjs'

const TEMPLATE = '<head>\n</head><body><script type="module" src="./src/main.tsx"></script></body>'

test('index.html gets the built names, all of them relative', () => {
  const html = fillTemplate(TEMPLATE, 'assets/main-1.js', ['assets/main-2.css'], ['assets/chunk-3.js'])
  assert.match(html, /src="\.\/assets\/main-1\.js"/)
  assert.match(
    html,
    /<link rel="stylesheet" href="\.\/assets\/main-2\.css">\n {2}<link rel="modulepreload" href="\.\/assets\/chunk-3\.js">/,
  )
  assert.doesNotMatch(html, /(?:src|href)="\//)
})

test('an index.html that does not name the entry is an error, not an empty page', () => {
  assert.throws(() => fillTemplate('<head></head>', 'a.js', [], []), /src\/main\.tsx/)
})

test('a package that is absent or of another version is missing, an optional one never', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/@b/c': { version: '2.0.0' },
    'node_modules/d': { version: '1.0.0', optional: true },
  }
  assert.deepEqual(missingPackages(wanted, { 'node_modules/a': { version: '1.0.0' } }), ['@b/c'])
  assert.deepEqual(missingPackages(wanted, null), ['a', '@b/c'])
  assert.throws(() => missingPackages(null, {}), /package-lock/)
})

test('doors become classic scripts with their version put in, and a door that is missing is an error', async () => {
  const root = await mkdtemp(join(ROOT, 'node_modules/.build-'))
  try {
    await mkdir(join(root, 'workers'))
    await writeFile(join(root, 'workers/kernel.ts'), 'const text: string = __VERSION__; console.log(text)')
    const options = { absWorkingDir: root, bundle: true, write: false, define: { __VERSION__: '"1.2.3"' } }
    const { path, bytes } = await bundleScript('kernel', options)
    assert.match(path, /^assets\/kernel-[0-9a-f]{10}\.js$/)
    assert.match(new TextDecoder().decode(bytes), /^\(\(\) => \{[\s\S]*1\.2\.3/)
    await assert.rejects(bundleScript('host', { ...options, logLevel: 'silent' }), /workers\/host\.ts/)
  } finally {
    await rm(root, { recursive: true })
  }
})
