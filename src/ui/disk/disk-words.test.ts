import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DISK_OFF, type DiskStatus } from '../../abi/disk.ts'
import { diskWords } from './disk-words.ts'

const status = (change: Partial<DiskStatus>): DiskStatus => ({ ...DISK_OFF, folder: 'shop', ...change })
const at = new Date(2026, 0, 2, 11, 40, 30).getTime()

test('permission lost: how many changes are only here, and since when', () => {
  const words = diskWords(status({ state: 'permission', pending: 3, since: at }))
  assert.equal(
    words.long,
    'The browser closed the folder shop. Your 3 changes since 11:40 are kept here, not on disk.',
  )
  assert.equal(words.tone, 'warn')
  assert.match(diskWords(status({ state: 'permission' })).long, /Nothing has changed here since/)
  assert.match(
    diskWords(status({ state: 'permission', pending: 1, since: at })).long,
    /Your 1 change since 11:40 is kept here/,
  )
})

test('read-only with changes of its own is not called in step', () => {
  assert.equal(diskWords(status({ state: 'in-step' })).short, 'in step')
  assert.equal(diskWords(status({ state: 'in-step', readonly: true })).short, 'read-only')
  assert.deepEqual(diskWords(status({ state: 'in-step', readonly: true, pending: 2 })).short, '2 only here')
})

test('a folder that is empty and one that is gone are told apart', () => {
  assert.match(diskWords(status({ state: 'vanished', isEmptied: true })).long, /Everything in shop is gone/)
  assert.match(diskWords(status({ state: 'vanished' })).long, /renamed, moved or removed/)
})

test('what the disk refuses is said with the reason', () => {
  const words = diskWords(status({ state: 'failed', pending: 1, message: 'a.txt: the disk is full.' }))
  assert.equal(words.short, '1 not written')
  assert.equal(diskWords(status({ state: 'failed', message: 'It cannot be read.' })).short, 'not in step')
  assert.match(words.long, /a\.txt: the disk is full\. It is tried again/)
})
