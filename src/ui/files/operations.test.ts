import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNoticeStore } from '../stores/notice-store.ts'
import { createFakeFs } from './fake-fs.ts'
import { createFiles } from './files.ts'
import { createOperations, nameProblem, numbered } from './operations.ts'

const setUp = (given: Record<string, string>) => {
  const machine = createFakeFs(given)
  const notices = createNoticeStore(() => {})
  const files = createFiles({ fs: machine.fs, later: () => {}, savesIdle: () => true, failed: assert.fail })
  const operations = createOperations({ fs: machine.fs, files, notices, give: assert.fail })
  return { machine, notices, operations }
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

test('an upload writes over nothing: new files come, and it is asked about those that are there', async () => {
  const { machine, notices, operations } = setUp({ '/p/list.txt': 'old' })
  await operations.upload('/p', [new File(['new'], 'list.txt'), new File(['more'], 'more.txt')])
  assert.equal(machine.text('/p/list.txt'), 'old')
  assert.equal(machine.text('/p/more.txt'), 'more')
  assert.equal(notices.card.value?.title, 'list.txt is there already')
})

test('both are kept under another name, or the old one is replaced, as the user says', async () => {
  for (const [label, expected] of [
    ['Keep both', ['old', 'also old', 'new']],
    ['Replace', ['new', 'also old', undefined]],
  ] as const) {
    const { machine, notices, operations } = setUp({ '/p/list.txt': 'old', '/p/list 2.txt': 'also old' })
    await operations.upload('/p', [new File(['new'], 'list.txt')])
    notices.card.value?.actions.find((action) => action.label === label)?.run()
    await settled()
    const texts = ['/p/list.txt', '/p/list 2.txt', '/p/list 3.txt'].map(machine.text)
    assert.deepEqual(texts, expected)
  }
})

test('a number stands before the extension', () => {
  assert.equal(numbered('/p/a/list.tar.gz', 2), '/p/a/list.tar 2.gz')
  assert.equal(numbered('/p/.env', 2), '/p/.env 2')
  assert.equal(numbered('/p/Makefile', 3), '/p/Makefile 3')
})

test('what is no name is told in a sentence', () => {
  for (const name of ['', '.', '..', 'a/b', 'a\0', 'ä'.repeat(128)]) assert.notEqual(nameProblem(name), '')
  assert.equal(nameProblem('a', ['a']), 'a is there already.')
  assert.equal(nameProblem('a b.txt'), '')
})
