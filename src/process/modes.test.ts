/** The file mode mask, FIFOs and fsync, as a WASI program meets them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { OFLAGS, RIGHTS } from '../abi/wasi.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { setWord } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { sleepOperation } from '../objects/operation.ts'
import { createProc } from '../objects/proc.ts'
import { openInode } from '../objects/stream.ts'
import { ACCESS, type Operation, STATUS } from '../objects/types.ts'
import { emptyStat } from '../vfs/types.ts'
import { AT, createCaller, READ_WRITE } from './caller.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { createProcess } from './process.ts'
import { syncFile } from './sync.ts'

const modeOf = (c: ReturnType<typeof createCaller>, name: string): string => {
  const { vfs } = c.machine
  const path = new TextEncoder().encode(`work/${name}`)
  const stat = emptyStat()
  assert.equal(vfs.stat(vfs.lookup(vfs.root, path, 0, path.length, 0), stat), 0)
  return stat.mode.toString(8)
}

test('what is made has the bits that the mask leaves; what is there keeps its own', () => {
  const c = createCaller()
  const proc = createProc(c.machine.objects)
  for (const [mask, file, folder] of [
    [0o022, '644', '755'],
    [0o077, '600', '700'],
    [0, '666', '777'],
  ] as const) {
    proc.setUmask(mask)
    assert.ok(c.open(`file-${mask}`, { oflags: OFLAGS.CREAT }) > 0)
    assert.equal(c.path('path_create_directory', 3, `folder-${mask}`), 0)
    assert.deepEqual([modeOf(c, `file-${mask}`), modeOf(c, `folder-${mask}`)], [file, folder])
  }
  proc.setUmask(0o077)
  assert.ok(c.open('file-0', { oflags: OFLAGS.CREAT | OFLAGS.TRUNC }) > 0)
  assert.equal(modeOf(c, 'file-0'), '666')
})

test('path_open of a FIFO: a reader and a writer meet; ENXIO without a reader; the rights are those of a pipe', () => {
  const c = createCaller()
  const { vfs, objects, process } = c.machine
  const name = new TextEncoder().encode('work/fifo')
  assert.equal(vfs.mkfifo(vfs.root, name, 0, name.length, 0, 0o644), 0)
  const writing = RIGHTS.FD_WRITE
  const NONBLOCK = STATUS.NONBLOCK
  assert.equal(c.open('fifo', { base: writing, fdflags: NONBLOCK }), -ERRNO.NXIO)
  assert.equal(c.open('fifo', { base: READ_WRITE }), -ERRNO.INVAL)
  const inode = vfs.open(vfs.root, name, 0, name.length, 0, 0, 0)
  // The other side, so that nothing here has to wait.
  const other = openInode(objects, inode, ACCESS.READ, NONBLOCK, createDescriptors(objects))
  assert.ok(process.descriptors.install(other) > 0)
  const fd = c.open('fifo', { base: writing })
  assert.ok(fd > 0)
  assert.equal(c.write(fd, 'hello'), 5)
  assert.equal(c.calls.fd_seek?.(fd, 0n, 0, AT.RESULT), ERRNO.NOTCAPABLE)
  const reader = c.open('fifo', { base: RIGHTS.FD_READ, fdflags: NONBLOCK })
  assert.equal(c.read(reader), 'hello')
})

test('fsync asks the kernel for the inode, and gives what it answers', () => {
  const { objects, vfs, pid, process, write } = createCaller().machine
  write('/work/file', 'x')
  const asked: number[] = []
  let answer = 0
  const sync = (inode: number): Operation => {
    asked.push(inode)
    return { ...sleepOperation(0), attempt: () => answer }
  }
  const kernel = { sync } as Partial<KernelCalls> as KernelCalls
  const own = createProcess({ ...process, objects, vfs, pid, kernel, pulse: new SharedArrayBuffer(64) })
  const path = new TextEncoder().encode('work/file')
  const inode = vfs.open(vfs.root, path, 0, path.length, 0, 0, 0)
  const file = openInode(objects, inode, ACCESS.READ, 0, createDescriptors(objects))
  assert.equal(syncFile(own, file), 0)
  answer = -ERRNO.DQUOT
  assert.equal(syncFile(own, file), -ERRNO.DQUOT)
  assert.deepEqual(asked, [inode, inode])
})

test('without a mask in the slot nothing is taken away', () => {
  const c = createCaller()
  setWord(c.machine.memory, processAt(c.machine.objects.slot) + PROCESS.UMASK, 0)
  assert.equal(c.machine.process.mode(0o777), 0o777)
})
