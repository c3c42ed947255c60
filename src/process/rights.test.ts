import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { FDFLAGS, OFLAGS, RIGHTS } from '../abi/wasi.ts'
import { AT, createCaller, DIRECTORY, READ_ONLY, READ_WRITE } from './caller.ts'

const rightsOf = (c: ReturnType<typeof createCaller>, fd: number): [bigint, bigint] => {
  assert.equal(c.calls.fd_fdstat_get?.(fd, AT.RESULT), 0)
  return [c.u64(AT.RESULT + 8), c.u64(AT.RESULT + 16)]
}

test('a descriptor has the rights that were asked for and that apply to a file, and no others', () => {
  const c = createCaller()
  const fd = c.open('a', {
    oflags: OFLAGS.CREAT,
    base: RIGHTS.FD_READ | RIGHTS.PATH_OPEN,
    inheriting: READ_WRITE,
  })
  assert.deepEqual(rightsOf(c, fd), [BigInt(RIGHTS.FD_READ), 0n])
  assert.equal(c.write(fd, 'x'), -ERRNO.NOTCAPABLE)
})

test('rights can be dropped and never regained', () => {
  const c = createCaller()
  const fd = c.open('a', { oflags: OFLAGS.CREAT })
  assert.equal(c.calls.fd_fdstat_set_rights?.(fd, BigInt(RIGHTS.FD_READ), 0n), 0)
  assert.equal(
    c.calls.fd_fdstat_set_rights?.(fd, BigInt(RIGHTS.FD_READ | RIGHTS.FD_WRITE), 0n),
    ERRNO.NOTCAPABLE,
  )
  assert.equal(c.calls.fd_fdstat_set_rights?.(fd, 1n << 40n, 0n), ERRNO.NOTCAPABLE)
  assert.equal(c.write(fd, 'x'), -ERRNO.NOTCAPABLE)
  assert.equal(c.read(fd), '')
})

test('a directory hands on no more than its inheriting rights', () => {
  const c = createCaller({
    prepare: ({ mkdir, write }) => {
      mkdir('/work/d')
      write('/work/d/f', 'text')
    },
  })
  const inheriting = RIGHTS.FD_READ | RIGHTS.FD_SEEK
  const dir = c.open('d', { oflags: OFLAGS.DIRECTORY, base: DIRECTORY, inheriting })
  assert.equal(rightsOf(c, dir)[1], BigInt(inheriting))
  assert.equal(c.open('f', { fd: dir, base: RIGHTS.FD_READ | RIGHTS.FD_WRITE }), -ERRNO.NOTCAPABLE)
  const file = c.open('f', { fd: dir, base: RIGHTS.FD_READ })
  assert.equal(c.read(file), 'text')
})

test('opening with a flag needs the right that belongs to it', () => {
  const c = createCaller({
    prepare: ({ mkdir, write }) => {
      mkdir('/work/d')
      write('/work/d/f', 'text')
    },
  })
  const bare = c.open('d', { oflags: OFLAGS.DIRECTORY, base: RIGHTS.PATH_OPEN, inheriting: RIGHTS.FD_READ })
  assert.equal(c.open('new', { fd: bare, oflags: OFLAGS.CREAT, base: 0 }), -ERRNO.NOTCAPABLE)
  assert.equal(c.open('f', { fd: bare, oflags: OFLAGS.TRUNC, base: 0 }), -ERRNO.NOTCAPABLE)
  assert.equal(c.open('f', { fd: bare, base: RIGHTS.FD_READ, fdflags: FDFLAGS.SYNC }), -ERRNO.NOTCAPABLE)
  assert.equal(c.open('f', { fd: bare, base: RIGHTS.FD_READ, fdflags: FDFLAGS.DSYNC }), -ERRNO.NOTCAPABLE)
  assert.ok(c.open('f', { fd: bare, base: RIGHTS.FD_READ }) > 3)
})

test('beneath a read-only preopen everything can be read and nothing changed', () => {
  const c = createCaller({
    preopens: [{ name: '/', path: '/ro', readonly: true }],
    prepare: ({ mkdir, write }) => {
      mkdir('/ro/d')
      write('/ro/d/f', 'text')
      write('/ro/g', 'more')
    },
  })
  assert.equal(c.read(c.open('d/f', { base: READ_ONLY })), 'text')
  // wasi-libc asks for what the directory may hand on: the refusal comes with open and not with the first write.
  assert.equal(c.open('d/f', { base: READ_WRITE }), -ERRNO.ROFS)
  assert.equal(c.open('new', { oflags: OFLAGS.CREAT, base: READ_ONLY }), -ERRNO.ROFS)
  assert.equal(c.open('g', { oflags: OFLAGS.TRUNC, base: READ_ONLY }), -ERRNO.ROFS)
  // Rust asks for every right of a directory when it lists one.
  const dir = c.open('d', { oflags: OFLAGS.DIRECTORY, base: DIRECTORY, inheriting: DIRECTORY | READ_WRITE })
  assert.ok(dir > 3)
  for (const fd of [3, dir]) {
    assert.equal(c.path('path_create_directory', fd, 'new'), ERRNO.ROFS)
    assert.equal(c.path('path_unlink_file', fd, 'f'), ERRNO.ROFS)
    assert.equal(c.path('path_remove_directory', fd, 'd'), ERRNO.ROFS)
    assert.equal(c.open('f', { fd, base: RIGHTS.FD_READ | RIGHTS.FD_WRITE }), -ERRNO.ROFS)
    const [to, length] = c.put('h', AT.PATH_2)
    const [from, fromLength] = c.put('f')
    assert.equal(c.calls.path_rename?.(fd, from, fromLength, fd, to, length), ERRNO.ROFS)
    assert.equal(c.calls.path_symlink?.(from, fromLength, fd, to, length), ERRNO.ROFS)
    assert.equal(c.calls.path_link?.(fd, 0, from, fromLength, fd, to, length), ERRNO.ROFS)
    assert.equal(c.calls.path_filestat_set_times?.(fd, 0, from, fromLength, 0n, 0n, 10), ERRNO.ROFS)
    assert.equal(c.calls.fd_filestat_set_times?.(fd, 0n, 0n, 10), ERRNO.ROFS)
  }
  assert.equal(c.calls.fd_fdstat_set_rights?.(dir, BigInt(RIGHTS.PATH_OPEN), BigInt(RIGHTS.FD_WRITE)), 0)
  assert.equal(c.open('f', { fd: dir, base: RIGHTS.FD_WRITE }), -ERRNO.ROFS, 'the mark outlives set_rights')
})

test('a file of a read-only preopen gets no second name in another: it could be written to by that', () => {
  const c = createCaller({
    preopens: [
      { name: '/', path: '/work' },
      { name: '/ro', path: '/ro', readonly: true },
    ],
    prepare: ({ write }) => write('/ro/f', 'text'),
  })
  const [from, fromLength] = c.put('f')
  const [to, length] = c.put('mine', AT.PATH_2)
  assert.equal(c.calls.path_link?.(4, 0, from, fromLength, 3, to, length), ERRNO.ROFS)
  assert.equal(c.open('mine', { base: READ_WRITE }), -ERRNO.NOENT)
})

test('a descriptor has no right that its open file has no access for', () => {
  const c = createCaller()
  const [file] = rightsOf(c, 1)
  assert.equal(file & BigInt(RIGHTS.FD_READ), 0n, 'stdout is not read from')
})
