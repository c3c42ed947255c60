import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDocuments } from './documents.ts'
import { createFakeFs } from './fake-fs.ts'
import { openText } from './text.ts'

const PATH = '/home/project/a.txt'

/** One file that is open, with a buffer that is typed into. */
const setUp = (text = 'one', savesIdle = true) => {
  const machine = createFakeFs({ [PATH]: text })
  const timers: (() => void)[] = []
  const written: string[] = []
  const failures: string[] = []
  const documents = createDocuments({
    fs: machine.fs,
    later: (callback) => void timers.push(callback),
    savesIdle: () => savesIdle,
    written: (path) => void written.push(path),
    failed: (sentence) => void failures.push(sentence),
  })
  const opened = openText(new TextEncoder().encode(text))
  assert.ok(opened)
  const doc = documents.open(PATH, opened)
  let buffer = opened.text
  documents.attach(PATH, {
    text: () => buffer,
    replace: (next) => {
      buffer = next
    },
  })
  const type = (next: string, path = doc.path): void => {
    buffer = next
    documents.edited(path)
  }
  const idle = async (): Promise<void> => {
    for (const callback of timers.splice(0)) callback()
    await documents.refresh(doc.path)
  }
  return { machine, documents, doc, type, idle, written, failures, buffer: () => buffer }
}

test('what is edited is saved when nobody types any more, and told as the user’s', async () => {
  const { machine, documents, type, idle, written } = setUp()
  type('two')
  assert.ok(documents.dirty.value.has(PATH))
  await idle()
  assert.equal(machine.text(PATH), 'two')
  assert.equal(documents.dirty.value.size, 0)
  assert.deepEqual(written, [PATH])
})

test('without saving by itself, and while the user still types, nothing is written', async () => {
  const off = setUp('one', false)
  off.type('two')
  await off.idle()
  assert.equal(off.machine.text(PATH), 'one')
  const { machine, type, documents } = setUp()
  type('tw')
  type('two')
  assert.equal(machine.text(PATH), 'one')
  assert.equal(await documents.saveAll(), true)
  assert.equal(machine.text(PATH), 'two')
})

test('what others write shows up in a text that is not edited', async () => {
  const { machine, documents, buffer } = setUp()
  machine.set(PATH, 'theirs')
  await documents.refresh(PATH)
  assert.equal(buffer(), 'theirs')
  assert.equal(documents.dirty.value.size, 0)
})

test('both have changed it: neither is lost until the user chooses', async () => {
  for (const whose of ['mine', 'theirs'] as const) {
    const { machine, documents, type, buffer } = setUp()
    type('mine')
    machine.set(PATH, 'theirs')
    assert.equal(await documents.save(PATH), false)
    assert.deepEqual(documents.conflicts.value.get(PATH), { theirs: 'theirs' })
    assert.equal(machine.text(PATH), 'theirs')
    assert.equal(buffer(), 'mine')
    await documents.settle(PATH, whose)
    assert.equal(machine.text(PATH), whose)
    assert.equal(buffer(), whose)
    assert.equal(documents.conflicts.value.size + documents.dirty.value.size, 0)
  }
})

test('a conflict is over when both say the same', async () => {
  const { machine, documents, type } = setUp()
  type('mine')
  machine.set(PATH, 'theirs')
  await documents.refresh(PATH)
  assert.equal(documents.conflicts.value.size, 1)
  machine.set(PATH, 'mine')
  await documents.refresh(PATH)
  assert.equal(documents.conflicts.value.size + documents.dirty.value.size, 0)
})

test('a file that is gone is not made again behind the user’s back', async () => {
  const { machine, documents, type } = setUp()
  type('mine')
  machine.set(PATH, null)
  assert.equal(await documents.save(PATH), false)
  assert.deepEqual(documents.conflicts.value.get(PATH), { theirs: null })
  await documents.settle(PATH, 'theirs')
  assert.equal(documents.has(PATH), false)
})

test('ends of lines and the mark at the front come back as they were', async () => {
  const { machine, documents, type } = setUp('\uFEFFa\r\nb\r\n')
  type('a\nb\nc\n')
  await documents.save(PATH)
  assert.equal(machine.paths().length, 1)
  const bytes = await machine.fs.readFile(PATH)
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf])
  assert.equal(new TextDecoder().decode(bytes), 'a\r\nb\r\nc\r\n')
})

test('a renamed file keeps what is unsaved and saves it under its new name', async () => {
  const { machine, documents, type } = setUp()
  type('two')
  machine.set('/home/project/b.txt', 'one')
  machine.set(PATH, null)
  documents.move(PATH, '/home/project/b.txt')
  assert.deepEqual([...documents.dirty.value], ['/home/project/b.txt'])
  assert.equal(await documents.save('/home/project/b.txt'), true)
  assert.equal(machine.text('/home/project/b.txt'), 'two')
  assert.equal(machine.text(PATH), undefined)
})

test('a refusal is told with the file’s name, and the text stays unsaved', async () => {
  const { machine, documents, type, failures } = setUp()
  machine.fs.writeFile = () => Promise.reject(new Error('ENOSPC: no room'))
  type('two')
  assert.equal(await documents.save(PATH), false)
  assert.match(failures[0] ?? '', /a\.txt was not saved: .*no room/)
  assert.ok(documents.dirty.value.has(PATH))
})
