import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { heapUsage } from '../memory/heap.ts'
import { PROCESS, PROCESS_STATE, processAt, SUPERBLOCK } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { getWord, setWord, takeProcess } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { learnKinds } from '../objects/kinds.ts'
import { createObjects } from '../objects/objects.ts'
import { createOpenFile } from '../objects/open-file.ts'
import { endProcess } from '../objects/proc.ts'
import { spanOf } from '../objects/spans.ts'
import { readStream } from '../objects/stream.ts'
import { ACCESS, PENDING, STREAM } from '../objects/types.ts'
import { CHANGE, parseChanges, WATCH_STREAM } from '../objects/watch-file.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { countPins } from '../vfs/pin.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createWatchFiles } from './watch-files.ts'

learnKinds([WATCH_STREAM])

const setUp = () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  files.mkdir('/work/deep', { recursive: true })
  files.writeFile('/work/old', new Uint8Array(1))
  const slot = takeProcess(memory, 0)
  setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
  const descriptors = createDescriptors(objects, slot)
  const watches = createWatchFiles(objects, files)
  const open = (path: string, stream: number = STREAM.DIRECTORY): number => {
    const { inode } = files.stat(path)
    vfs.pin(inode)
    return descriptors.install(
      createOpenFile(objects, { stream, object: inode, access: ACCESS.READ, status: 0 }),
    )
  }
  const changes = (fd: number) => {
    watches.look()
    const target = new Uint8Array(65536)
    const count = readStream(objects, descriptors.get(fd), spanOf(target))
    return count < 0
      ? count
      : parseChanges(target.subarray(0, count)).sort((a, b) => (a.path < b.path ? -1 : 1))
  }
  return { memory, vfs, files, objects, slot, descriptors, watches, open, changes }
}

test('what changes beneath the folder is told once, by its path from there', () => {
  const { files, watches, open, changes, slot } = setUp()
  const fd = watches.add(slot, open('/work'))
  assert.equal(changes(fd), PENDING)
  files.writeFile('/work/deep/new', new Uint8Array(2))
  files.writeFile('/work/old', new Uint8Array(3))
  files.writeFile('/elsewhere', new Uint8Array(3))
  assert.deepEqual(changes(fd), [
    { mask: CHANGE.CREATED, path: 'deep/new' },
    { mask: CHANGE.MODIFIED, path: 'old' },
  ])
  files.rename('/work/old', '/work/renamed')
  assert.deepEqual(changes(fd), [
    { mask: CHANGE.REMOVED, path: 'old' },
    { mask: CHANGE.CREATED, path: 'renamed' },
  ])
  assert.equal(changes(fd), PENDING)
})

test('a folder that is moved is followed, one that is removed says so and is let go of', () => {
  const { vfs, files, watches, open, changes, slot, descriptors } = setUp()
  const folder = open('/work/deep')
  const fd = watches.add(slot, folder)
  descriptors.close(folder)
  const pins = countPins(vfs.volume)
  files.rename('/work/deep', '/moved')
  assert.equal(changes(fd), PENDING)
  files.writeFile('/moved/x', new Uint8Array(1))
  assert.deepEqual(changes(fd), [{ mask: CHANGE.CREATED, path: 'x' }])
  files.rm('/moved', { recursive: true })
  assert.deepEqual(changes(fd), [{ mask: CHANGE.GONE, path: '' }])
  assert.equal(countPins(vfs.volume), pins - 1)
  assert.ok(watches.isEmpty)
})

test('only a folder that the caller has open can be watched', () => {
  const { watches, open, slot } = setUp()
  assert.throws(
    () => watches.add(slot, 99),
    (error) => isCode(error, 'EBADF'),
  )
  const file = open('/work/old', STREAM.FILE)
  assert.throws(
    () => watches.add(slot, file),
    (error) => isCode(error, 'ENOTDIR'),
  )
})

test('more changes than there is room for end in an overflow record, in any number of files', () => {
  const { files, watches, open, changes, slot } = setUp()
  const fd = watches.add(slot, open('/work'))
  for (let count = 0; count < 3000; count++)
    files.writeFile(`/work/deep/a-rather-long-name-${count}`, new Uint8Array(0))
  const found = changes(fd)
  assert.ok(Array.isArray(found) && found.length > 1000 && found.length < 3000)
  assert.equal(found.filter(({ mask }) => mask === CHANGE.OVERFLOW).length, 1)
})

test('the end of the process ends its watches: ring, pin and picture', () => {
  const { memory, vfs, objects, watches, open, slot } = setUp()
  const used = heapUsage(memory).objects
  const pins = countPins(vfs.volume)
  watches.add(slot, open('/work'))
  endProcess(objects, slot, 0, 9)
  assert.equal(getWord(memory, SUPERBLOCK.USED_WATCHES), 0)
  watches.look()
  assert.ok(watches.isEmpty)
  assert.equal(countPins(vfs.volume), pins)
  assert.ok(heapUsage(memory).objects - used <= 3 * 4096, 'blocks are kept for the next of their kind')
})
