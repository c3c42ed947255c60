import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPERBLOCK } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { getWord, takeProcess } from '../memory/slots.ts'
import { knowCapabilities } from '../objects/capability-calls.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createObjects } from '../objects/objects.ts'
import { openPipe } from '../objects/open-file.ts'
import { createNamespace, createPort } from '../objects/port.ts'
import { countTargets } from '../objects/target.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { renewDescriptors } from './exec.ts'

test('exec keeps what was opened, and closes what is marked for it and every capability', () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  knowCapabilities(objects)
  const slot = takeProcess(memory, 0)
  const descriptors = createDescriptors(objects, slot)
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  const kept = descriptors.install(ends.reader)
  descriptors.install(ends.writer, { closeOnExec: true })
  for (const file of [createPort(objects), createNamespace(objects)]) descriptors.install(file)
  assert.deepEqual(countTargets(objects), { messagePorts: 1, namespaces: 1, messages: 0 })
  renewDescriptors(objects, createFiles(vfs), { pid: 5, slot }, [])
  assert.deepEqual(descriptors.list(), [kept])
  assert.deepEqual(countTargets(objects), { messagePorts: 0, namespaces: 0, messages: 0 })
  assert.equal(getWord(memory, SUPERBLOCK.USED_OPEN_FILES), 1)
})
