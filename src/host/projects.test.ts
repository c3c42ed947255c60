import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import type { PartRecord } from '../abi/project.ts'
import { createSegmentWriter, FACTS_WORDS, PART_BYTES, RECORD, ROOT_ID } from '../lib/segment.ts'
import { openZip } from '../lib/zip.ts'
import { createOwnership } from './ownership.ts'
import { projectsForKernel, projectsForPage } from './project-requests.ts'
import { createProjects } from './projects.ts'
import { createTestStore, type TestStore } from './store-fixture.ts'

/** A page of one browser: its own host over the store that all share. */
const openPage = (store: TestStore, now = () => 1000) => {
  const heard: string[] = []
  const ownership = createOwnership({
    locks: null,
    channel: null,
    onAsked: () => {},
    onTaken: () => {},
    onChanged: () => {},
  })
  const newId = (): string => crypto.randomUUID()
  const projects = createProjects({ store, ownership, newId, now, notify: (what) => heard.push(what) })
  const estimate = async () => ({ usage: 1, quota: 2, isPersistent: false })
  return { heard, kernel: projectsForKernel(projects), page: projectsForPage(projects, estimate) }
}

/** One batch: the project's folder with one file. */
const batch = (number: number, name: string, text: string): PartRecord[] => {
  const writer = createSegmentWriter(number, 0)
  const encoder = new TextEncoder()
  const facts = (id: number, kind: number, mode: number, size: number): void => {
    const at = writer.record(RECORD.FACTS, id, FACTS_WORDS * 4) >> 2
    writer.i32.set([kind, mode, 0, 0, 0, 0, 0, 0, size, 0], at)
  }
  facts(ROOT_ID, 2, 0o755, 0)
  const bytes = encoder.encode(name)
  const padded = (bytes.length + 3) & ~3
  const at = writer.record(RECORD.NAMES, ROOT_ID, 12 + padded)
  writer.i32.set([0, 2, bytes.length], at >> 2)
  writer.u8.set(bytes, at + 12)
  facts(2, 1, 0o644, text.length)
  writer.u8.set(encoder.encode(text), writer.record(RECORD.DATA, 2, text.length))
  writer.end()
  return writer.take()
}

const namesIn = (zip: ArrayBuffer): Record<string, string> =>
  Object.fromEntries(
    openZip(new Uint8Array(zip)).map((entry) => [entry.path, new TextDecoder().decode(entry.read())]),
  )
const refusal =
  (code: 'EPERM' | 'EBUSY' | 'ESTALE' | 'EPROTO' | 'EINVAL' | 'ENOENT' | 'EDQUOT') => (error: unknown) =>
    isCode(error, code)

test('a project is made, written, listed, copied, exported and deleted', async () => {
  const store = createTestStore()
  const { page, kernel, heard } = openPage(store)
  const { id } = await page.createProject(' Shop ')
  await page.openProject(id, false)
  const figures = await kernel.appendLog(batch(1, 'a.txt', 'hello'), 1)
  assert.equal(figures.logParts, 1)
  const [info] = await page.listProjects()
  assert.deepEqual([info?.name, info?.state, info?.entries, info?.saved], ['Shop', 'here', 1, 1000])
  const copy = await page.duplicateProject(id, 'Shop 2')
  await kernel.appendLog(batch(2, 'a.txt', 'changed'), 1)
  assert.deepEqual(namesIn((await page.exportProject(id)).zip), { 'a.txt': 'changed' })
  assert.deepEqual(namesIn((await page.exportProject(copy.id)).zip), { 'a.txt': 'hello' })
  await page.deleteProject(id)
  assert.deepEqual(
    (await page.listProjects()).map(({ name }) => name),
    ['Shop 2'],
  )
  await page.deleteProject(copy.id)
  assert.equal(store.records.size, 0)
  assert.ok(heard.includes('changed'))
})

test('a kernel without an open project, or after it was closed, can neither read nor write', async () => {
  const { page, kernel } = openPage(createTestStore())
  await assert.rejects(kernel.appendLog(batch(1, 'a', 'b'), 1), refusal('EPERM'))
  await assert.rejects(kernel.readParts(0), refusal('EPERM'))
  const { id } = await page.createProject('x')
  await page.openProject(id, false)
  await page.closeProject()
  for (const work of [kernel.beginBase, kernel.restartLog, kernel.switchBase])
    await assert.rejects(work(), refusal('EPERM'))
})

test('what a hostile kernel sends is refused', async () => {
  const store = createTestStore()
  const { page, kernel } = openPage(store)
  await page.openProject((await page.createProject('x')).id, false)
  const before = JSON.stringify([...store.records])
  const [good] = batch(1, 'a', 'b')
  const bad: unknown[] = [
    null,
    'parts',
    [null],
    [{}],
    [{ ...good, bytes: 'text' }],
    [{ ...good, bytes: new ArrayBuffer(PART_BYTES + 4) }],
    [{ ...good, bytes: new Blob([new Uint8Array(PART_BYTES + 4)]) }],
    [{ ...good, body: undefined }],
    [{ ...good, body: 'text' }],
    [{ ...good, body: new Uint8Array(4) }],
    [{ ...good, body: new ArrayBuffer(PART_BYTES + 4) }],
    [{ ...good, body: new Blob([new Uint8Array(PART_BYTES + 4)]) }],
    [{ ...good, ids: [1, 2] }],
    [{ ...good, ids: new Uint32Array(2_000_000) }],
    [{ ...good, ids: new Uint32Array(new ArrayBuffer(1000), 0, 2) }],
    [{ ...good, batch: -1 }],
    [{ ...good, index: 0.5 }],
    Array.from({ length: 17 }, () => good),
  ]
  for (const parts of bad)
    await assert.rejects(
      kernel.appendLog(parts as PartRecord[], 1),
      refusal('EINVAL'),
      JSON.stringify(parts)?.slice(0, 60),
    )
  await assert.rejects(kernel.appendLog(batch(1, 'a', 'b'), -5), refusal('EINVAL'))
  await assert.rejects(kernel.readParts(Number.NaN), refusal('EINVAL'))
  await assert.rejects(kernel.appendBase(batch(1, 'a', 'b')), refusal('EPROTO'))
  await assert.rejects(kernel.switchBase(), refusal('EPROTO'))
  assert.equal(JSON.stringify([...store.records]), before)
})

test('behind a part that was refused nothing of its batch is taken', async () => {
  const { page, kernel } = openPage(createTestStore())
  await page.openProject((await page.createProject('x')).id, false)
  const [part] = batch(1, 'a', 'b')
  assert.ok(part)
  await assert.rejects(kernel.appendLog([{ ...part, index: 1 }], 1), refusal('EPROTO'))
  await kernel.appendLog([{ ...part, commit: false }], 1)
  await assert.rejects(kernel.appendLog([{ ...part, index: 2 }], 1), refusal('EPROTO'))
  await assert.rejects(kernel.appendLog([part], 1), refusal('EPROTO'))
  await kernel.appendLog([{ ...part, index: 1 }], 1)
})

test('a page that was robbed cannot write, and what it had begun is gone', async () => {
  const store = createTestStore()
  const [first, second] = [openPage(store), openPage(store)]
  const { id } = await first.page.createProject('x')
  await first.page.openProject(id, false)
  await first.kernel.appendLog(batch(1, 'a', 'one'), 1)
  await first.kernel.beginBase()
  await first.kernel.appendBase(batch(1, 'a', 'one'))
  await second.page.openProject(id, true)
  await assert.rejects(first.kernel.appendLog(batch(2, 'a', 'late'), 1), refusal('EBUSY'))
  await assert.rejects(first.kernel.switchBase(), refusal('EBUSY'))
  assert.ok(![...store.records.keys()].some((key) => key.startsWith('["base"')))
  await second.kernel.appendLog(batch(2, 'a', 'two'), 1)
  assert.deepEqual(namesIn((await second.page.exportProject(id)).zip), { a: 'two' })
})

test('whenever the browser dies during a checkpoint, the old picture or the new one is there, never a mixture', async () => {
  for (let steps = 0; steps < 12; steps++) {
    const store = createTestStore()
    const before = openPage(store)
    const { id } = await before.page.createProject('x')
    await before.page.openProject(id, false)
    await before.kernel.appendLog(batch(1, 'a', 'one'), 1)
    await before.kernel.appendLog(batch(2, 'a', 'two'), 1)
    store.crashAfter = steps
    let saved = 'two'
    try {
      await before.kernel.beginBase()
      await before.kernel.appendBase(batch(2, 'a', 'two'))
      await before.kernel.appendLog(batch(3, 'a', 'three'), 1)
      saved = 'three'
      await before.kernel.switchBase()
      await before.kernel.appendLog(batch(4, 'a', 'four'), 1)
      saved = 'four'
    } catch {
      // The browser is gone.
    }
    const survived = createTestStore()
    survived.records = store.records
    const after = openPage(survived)
    await after.page.openProject(id, false)
    const { zip, losses } = await after.page.exportProject(id)
    assert.deepEqual([namesIn(zip), losses], [{ a: saved }, []], `after ${steps} steps`)
  }
})

test('no room: nothing is written, and the next attempt finds everything as it was', async () => {
  const store = createTestStore()
  const { page, kernel } = openPage(store)
  const { id } = await page.createProject('x')
  await page.openProject(id, false)
  await kernel.appendLog(batch(1, 'a', 'kept'), 1)
  store.room = 10
  await assert.rejects(kernel.appendLog(batch(2, 'a', 'x'.repeat(1000)), 1), refusal('EDQUOT'))
  await assert.rejects(page.duplicateProject(id, 'y'), refusal('EDQUOT'))
  store.room = Number.POSITIVE_INFINITY
  assert.deepEqual(namesIn((await page.exportProject(id)).zip), { a: 'kept' })
  await kernel.appendLog(batch(3, 'a', 'again'), 1)
  assert.deepEqual(namesIn((await page.exportProject(id)).zip), { a: 'again' })
})

test('storage that was cleared is noticed, and the project begins anew under its id and name', async () => {
  const store = createTestStore()
  const { page, kernel, heard } = openPage(store)
  const { id } = await page.createProject('Shop')
  await page.openProject(id, false)
  await kernel.appendLog(batch(1, 'a', 'one'), 1)
  store.records.clear()
  await assert.rejects(kernel.appendLog(batch(2, 'a', 'two'), 1), refusal('ESTALE'))
  await kernel.restartLog()
  assert.ok(heard.includes('gone'), 'the page is told')
  await kernel.appendLog(batch(3, 'a', 'three'), 1)
  const [info] = await page.listProjects()
  assert.deepEqual([info?.id, info?.name], [id, 'Shop'])
  assert.deepEqual(namesIn((await page.exportProject(id)).zip), { a: 'three' })
})

test('a project of an older version is of this one once it is open, and what a newer one has taken is left alone', async () => {
  const store = createTestStore()
  const { page, kernel } = openPage(store)
  const { id } = await page.createProject('Shop')
  const key = JSON.stringify(['meta', id])
  const stored = () => store.records.get(key) as { version: number }
  store.records.set(key, { ...stored(), version: 1 })
  await page.openProject(id, false)
  assert.equal(stored().version, 2)
  await kernel.appendLog(batch(1, 'a', 'one'), 1)
  store.records.set(key, { ...stored(), version: 3 })
  const before = [...store.records]
  await assert.rejects(kernel.appendLog(batch(2, 'a', 'two'), 1), refusal('EBUSY'))
  await kernel.restartLog()
  assert.deepEqual([...store.records], before)
})

test('a seal outlives copies, cleared storage and a rename, and goes by the word of the page alone', async () => {
  const store = createTestStore()
  const { page, kernel } = openPage(store)
  const { id, sealed } = await page.createProject('guest', true)
  assert.ok(sealed)
  assert.ok((await page.openProject(id, false)).sealed)
  assert.ok((await page.duplicateProject(id, 'copy')).sealed)
  store.records.clear()
  await kernel.restartLog()
  await page.renameProject(id, 'other')
  const seals = async () => (await page.listProjects()).map((each) => [each.name, each.sealed])
  assert.deepEqual(await seals(), [['other', true]])
  await page.sealProject(id, false)
  await kernel.appendLog(batch(1, 'a', 'one'), 1)
  assert.deepEqual(await seals(), [['other', false]])
  await assert.rejects(page.sealProject('none', true), refusal('ENOENT'))
})

test('records that are no records are passed over, and a clock that goes back changes nothing', async () => {
  const store = createTestStore()
  let time = 5_000_000
  const { page, kernel } = openPage(store, () => time)
  const { id } = await page.createProject('x')
  store.records.set('["meta","broken"]', { version: 1, id: 5 })
  store.records.set('["meta","newer"]', { version: 3 })
  await page.openProject(id, false)
  await kernel.appendLog(batch(1, 'a', 'one'), 1)
  time = 1000
  await kernel.appendLog(batch(2, 'a', 'two'), 1)
  await page.openProject(id, false)
  assert.equal((await page.listProjects()).length, 1)
  assert.deepEqual(namesIn((await page.exportProject(id)).zip), { a: 'two' })
  await assert.rejects(page.openProject('broken', false), refusal('ENOENT'))
})
