import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO, isCode } from '../abi/errno.ts'
import { decode, encode, type Run, SUBJECTS, short } from './contract.ts'
import { DEVICE, KIND, OPEN } from './types.ts'

const bytes = (run: Run): void => {
  run('holes read as zero, wherever the file was cut before', ({ vfs }, { open }) => {
    const file = open('f', OPEN.CREATE | OPEN.WRITE)
    const ones = new Uint8Array(100000).fill(1)
    for (const size of [10, 300, 5000, 70000]) {
      vfs.write(file, 0, ones, 0, 100000)
      vfs.truncate(file, size)
      vfs.write(file, 300000, ones, 0, 1)
      vfs.truncate(file, 200000)
      const target = new Uint8Array(200001)
      assert.equal(vfs.read(file, 0, target, 0, 200001), 200000)
      assert.ok(target.subarray(0, size).every((byte) => byte === 1))
      assert.ok(target.subarray(size).every((byte) => byte === 0))
      vfs.truncate(file, 0)
    }
    vfs.unpin(file)
  })
  run('a sparse file of terabytes costs what is written', ({ vfs }, { open }) => {
    const file = open('f', OPEN.CREATE | OPEN.WRITE)
    assert.equal(vfs.write(file, 2 ** 41, encode('far'), 0, 3), 3)
    assert.equal(vfs.write(file, 2 ** 31 + 1, encode('mid'), 0, 3), 3)
    assert.equal(vfs.size(file), 2 ** 41 + 3)
    const target = new Uint8Array(8)
    assert.equal(vfs.read(file, 2 ** 31, target, 0, 8), 8)
    assert.deepEqual([...target], [0, ...encode('mid'), 0, 0, 0, 0])
    assert.equal(vfs.read(file, 2 ** 41, target, 0, 8), 3)
    assert.equal(vfs.read(file, 2 ** 53, target, 0, 8), 0)
    assert.equal(vfs.write(file, 2 ** 42, encode('x'), 0, 1), -ERRNO.FBIG)
    assert.equal(vfs.truncate(file, 2 ** 43), -ERRNO.FBIG)
    vfs.unpin(file)
  })
  run('appending, long and short', ({ vfs, files }, { open }) => {
    const file = open('f', OPEN.CREATE | OPEN.WRITE)
    const chunk = new Uint8Array(150000).map((_, index) => index % 251)
    for (const length of [3, 150000, 1, 65536, 65537])
      assert.equal(vfs.write(file, -1, chunk, 0, length), length)
    assert.equal(vfs.size(file), 3 + 150000 + 1 + 65536 + 65537)
    assert.deepEqual(files.readFile('/f').subarray(3, 150003), chunk)
    vfs.unpin(file)
  })
  run('allocate makes room and keeps what is there', ({ vfs, files }, { open }) => {
    const file = open('f', OPEN.CREATE | OPEN.WRITE)
    vfs.write(file, 0, encode('head'), 0, 4)
    assert.equal(vfs.allocate(file, 2, 100000), 0)
    assert.equal(vfs.size(file), 100002)
    assert.equal(decode(files.readFile('/f').subarray(0, 6)), 'head\0\0')
    assert.equal(vfs.allocate(file, 0, 10), 0)
    assert.equal(vfs.size(file), 100002)
    assert.equal(vfs.allocate(file, 0, 0), -ERRNO.INVAL)
    vfs.unpin(file)
  })
  run('what is no file has no bytes', ({ vfs }, { lookup }) => {
    const target = new Uint8Array(4)
    assert.equal(vfs.read(vfs.root, 0, target, 0, 4), -ERRNO.ISDIR)
    assert.equal(vfs.write(vfs.root, 0, target, 0, 4), -ERRNO.ISDIR)
    assert.equal(vfs.truncate(vfs.root, 0), -ERRNO.ISDIR)
    assert.equal(vfs.read(lookup('dev/null'), 0, target, 0, 4), -ERRNO.INVAL)
  })
}

const facts = (run: Run): void => {
  run('times and modes are kept as they are set', ({ vfs, files }, { lookup, stat }) => {
    files.writeFile('/f', encode('x'), { mode: 0o640 })
    const file = lookup('f')
    assert.equal(stat(file).mode, 0o640)
    assert.ok(stat(file).mtime > 10n ** 18n)
    for (const time of [0n, 1n, 4294967296n, 1234567890123456789n, 2n ** 62n + 1n]) {
      assert.equal(vfs.setTimes(file, time, time + 1n), 0)
      assert.deepEqual([stat(file).atime, stat(file).mtime], [time, time + 1n])
    }
    vfs.setTimes(file, -1n, 5n)
    assert.deepEqual([stat(file).atime, stat(file).mtime], [2n ** 62n + 1n, 5n])
    assert.equal(vfs.chmod(file, 0o100755), 0)
    assert.equal(stat(file).mode, 0o755)
  })
  run('directories count their children as links', ({ files }) => {
    files.mkdir('/d/a', { recursive: true })
    files.mkdir('/d/b')
    assert.equal(files.stat('/d').links, 4)
    files.rm('/d/a', { recursive: true })
    assert.equal(files.stat('/d').links, 3)
  })
  run('a tree deeper than any path is removed', ({ vfs, files }) => {
    const name = new TextEncoder().encode('n'.repeat(200))
    let at = vfs.root
    for (let depth = 0; depth < 100; depth++) {
      assert.equal(vfs.mkdir(at, name, 0, 200, 0, 0o755), 0)
      at = vfs.lookup(at, name, 0, 200, 0)
    }
    files.rm(`/${'n'.repeat(200)}`, { recursive: true })
    assert.equal(files.readdir('/').length, 2)
  })
  run('the devices are where programs look for them', ({ vfs, files }, { open, unlink, mkdir }) => {
    const numbers = new Map(
      files.readdir('/dev').map((entry) => [entry.name, files.stat(`/dev/${entry.name}`)]),
    )
    assert.equal(numbers.get('null')?.rdev, DEVICE.NULL)
    assert.equal(numbers.get('urandom')?.rdev, DEVICE.RANDOM)
    assert.equal(numbers.get('stdout')?.kind, KIND.DEVICE)
    assert.equal(numbers.size, 9)
    assert.equal(unlink('dev/null'), -ERRNO.ROFS)
    assert.equal(mkdir('dev/x'), -ERRNO.ROFS)
    const device = open('dev/null', OPEN.WRITE)
    assert.ok(device > 0)
    vfs.unpin(device)
  })
  run('paths as strings throw what the calls answer', ({ files }) => {
    files.mkdir('/a/b/c', { recursive: true })
    files.mkdir('/a/b/c', { recursive: true })
    files.writeFile('/a/b/f', encode('1'))
    files.writeFile('/a/b/f', encode('2'), { append: true })
    assert.equal(decode(files.readFile('a/b/f')), '12')
    assert.throws(
      () => files.readFile('/nothing'),
      (error) => isCode(error, 'ENOENT'),
    )
    assert.throws(
      () => files.readFile('/a'),
      (error) => isCode(error, 'EISDIR'),
    )
    assert.throws(
      () => files.mkdir('/a/b/f/x', { recursive: true }),
      (error) => isCode(error, 'ENOTDIR'),
    )
    assert.throws(
      () => files.mkdir('/a/b/f', { recursive: true }),
      (error) => isCode(error, 'EEXIST'),
    )
    assert.throws(
      () => files.rm('/a'),
      (error) => isCode(error, 'EISDIR'),
    )
    assert.throws(
      () => files.rm('/b'),
      (error) => isCode(error, 'ENOENT'),
    )
    assert.throws(
      () => files.writeFile('/\ud800', encode('')),
      (error) => isCode(error, 'EILSEQ'),
    )
    files.rm('/b', { force: true })
    assert.throws(
      () => files.mkdir('/dev/x/y', { recursive: true }),
      (error) => isCode(error, 'EROFS'),
    )
    files.rm('/a', { recursive: true })
    assert.equal(files.exists('/a'), false)
  })
}

for (const { name, make } of SUBJECTS) {
  const run: Run = (sentence, work) => {
    test(`${name}: ${sentence}`, () => {
      const subject = make()
      work(subject, short(subject))
    })
  }
  bytes(run)
  facts(run)
}
