import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeFs } from './fake-fs.ts'
import { type FileHits, FOUND_MAX, hitsIn, type Query, SEARCH_FILE_MAX, searchFiles } from './search.ts'

const query = (text: string, more: Partial<Query> = {}): Query => ({
  text,
  matchesCase: false,
  wholeWords: false,
  ...more,
})
const places = (text: string, wanted: Query): string[] =>
  hitsIn(text, wanted).map(({ line, column }) => `${line}:${column}`)

test('each place has its line and column, several on one line too', () => {
  assert.deepEqual(places('ab\nxab ab\n\nab', query('ab')), ['1:0', '2:1', '2:4', '4:0'])
  assert.deepEqual(places('aaaa', query('aa')), ['1:0', '1:2'])
  assert.deepEqual(places('abc', query('')), [])
})

test('case and whole words count when they are wanted', () => {
  assert.deepEqual(places('Ab ab', query('ab')), ['1:0', '1:3'])
  assert.deepEqual(places('Ab ab', query('ab', { matchesCase: true })), ['1:3'])
  assert.deepEqual(places('cat cats scat cat_ (cat)', query('cat', { wholeWords: true })), ['1:0', '1:20'])
  assert.deepEqual(places('über überall', query('über', { wholeWords: true })), ['1:0'])
})

test('letters that grow in lower case move no place', () => {
  assert.deepEqual(places('İİ needle', query('needle')), ['1:3'])
})

test('a hit is shown with what stands around it, cut where the line is long', () => {
  const [hit] = hitsIn(`${'x'.repeat(100)}needle${'y'.repeat(300)}`, query('needle'))
  assert.equal(hit?.parts[0], `…${'x'.repeat(40)}`)
  assert.equal(hit?.parts[1], 'needle')
  assert.equal(hit?.parts[2].length, 160)
})

const search = async (
  files: Record<string, string>,
  wanted: Query,
  signal = new AbortController().signal,
) => {
  const found: FileHits[] = []
  const isWhole = await searchFiles(wanted, {
    fs: createFakeFs(files).fs,
    root: '/p',
    signal,
    found: (hits) => void found.push(hits),
    progress: () => {},
    pause: async () => {},
  })
  return { isWhole, paths: found.map(({ path }) => path), found }
}

test('texts of the project are searched; packages, data and huge files are not', async () => {
  const { isWhole, paths } = await search(
    {
      '/p/a.js': 'needle',
      '/p/lib/b.js': 'a needle',
      '/p/node_modules/c.js': 'needle',
      '/p/data.bin': 'needle\0\u0001',
      '/p/huge.txt': `needle${' '.repeat(SEARCH_FILE_MAX)}`,
      '/p/other.js': 'hay',
    },
    query('needle'),
  )
  assert.deepEqual(paths.sort(), ['/p/a.js', '/p/lib/b.js'])
  assert.equal(isWhole, true)
})

test('it ends at the bound and says so, and when it is called off', async () => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`/p/${at}.txt`, 'x\n'.repeat(300)]))
  const { isWhole, found } = await search(files, query('x'))
  assert.equal(isWhole, false)
  const count = found.reduce((sum, { hits }) => sum + hits.length, 0)
  assert.ok(count >= FOUND_MAX && count < FOUND_MAX + 200)
  await assert.rejects(search(files, query('x'), AbortSignal.abort(new Error('off'))), /off/)
})
