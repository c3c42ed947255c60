import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { FDFLAGS, FILETYPE, FSTFLAGS, LOOKUP, OFLAGS, RIGHTS } from '../abi/wasi.ts'
import { AT, createCaller, DIRECTORY, GUEST_BYTES, READ_WRITE } from './caller.ts'

const NOWHERE = GUEST_BYTES - 1

test('what is written is read back from where it was left', () => {
  const c = createCaller()
  const fd = c.open('a', { oflags: OFLAGS.CREAT })
  assert.equal(c.write(fd, 'hello world'), 11)
  assert.equal(c.calls.fd_seek?.(fd, -5n, 2, AT.RESULT), 0)
  assert.equal(c.u64(), 6n)
  assert.equal(c.read(fd), 'world')
  assert.equal(c.read(fd), '')
  assert.equal(c.calls.fd_tell?.(fd, AT.RESULT), 0)
  assert.equal(c.u64(), 11n)
  assert.equal(c.calls.fd_seek?.(fd, -1n, 0, AT.RESULT), ERRNO.INVAL)
  assert.equal(c.calls.fd_seek?.(fd, 0n, 3, AT.RESULT), ERRNO.INVAL)
})

test('the lowest free descriptor is taken, and a renumbered one moves over its target', () => {
  const c = createCaller()
  const [first, second] = [c.open('a', { oflags: OFLAGS.CREAT }), c.open('b', { oflags: OFLAGS.CREAT })]
  assert.deepEqual([first, second], [4, 5])
  c.write(second, 'of b')
  assert.equal(c.calls.fd_close?.(first), 0)
  assert.equal(c.open('c', { oflags: OFLAGS.CREAT }), first)
  assert.equal(c.calls.fd_renumber?.(second, first), 0)
  assert.equal(c.calls.fd_close?.(second), ERRNO.BADF)
  c.calls.fd_seek?.(first, 0n, 0, AT.RESULT)
  assert.equal(c.read(first), 'of b')
  assert.equal(c.calls.fd_renumber?.(first, 99), ERRNO.BADF)
})

test('a preopen has a name until it is closed or another descriptor takes its place', () => {
  const c = createCaller({ preopens: [{ name: '/data', path: '/work' }] })
  assert.equal(c.calls.fd_prestat_get?.(3, AT.RESULT), 0)
  assert.equal(c.u32(AT.RESULT + 4), 5)
  assert.equal(c.calls.fd_prestat_dir_name?.(3, AT.DATA, 5), 0)
  assert.equal(new TextDecoder().decode(c.bytes().slice(AT.DATA, AT.DATA + 5)), '/data')
  assert.equal(c.calls.fd_prestat_dir_name?.(3, AT.DATA, 4), ERRNO.NAMETOOLONG)
  assert.equal(c.calls.fd_prestat_get?.(1, AT.RESULT), ERRNO.BADF)
  const dir = c.open('.', { oflags: OFLAGS.DIRECTORY, base: DIRECTORY })
  assert.equal(c.calls.fd_prestat_get?.(dir, AT.RESULT), ERRNO.BADF)
  assert.equal(c.calls.fd_renumber?.(dir, 3), 0)
  assert.equal(c.calls.fd_prestat_get?.(3, AT.RESULT), ERRNO.BADF)
})

test('no path leads out of a preopen', () => {
  const c = createCaller({
    prepare: ({ mkdir, write, symlink }) => {
      write('/secret', 'hidden')
      mkdir('/work/d')
      symlink('../../secret', '/work/d/up')
      symlink('/secret', '/work/abs')
      symlink('..', '/work/parent')
    },
  })
  const follow = { lookup: LOOKUP.SYMLINK_FOLLOW, base: RIGHTS.FD_READ }
  for (const path of [
    '../secret',
    '/secret',
    'd/../../secret',
    'd/up',
    'abs',
    'parent/secret',
    'd/../../work/d',
  ])
    assert.equal(c.open(path, follow), -ERRNO.NOTCAPABLE, path)
  assert.equal(c.path('path_create_directory', 3, '../evil'), ERRNO.NOTCAPABLE)
  assert.equal(c.path('path_unlink_file', 3, 'parent/secret'), ERRNO.NOTCAPABLE)
  const [from, length] = c.put('/secret')
  const [to, toLength] = c.put('link', AT.PATH_2)
  assert.equal(c.calls.path_symlink?.(from, length, 3, to, toLength), ERRNO.PERM)
  assert.equal(c.calls.path_link?.(3, 0, from, length, 3, to, toLength), ERRNO.NOTCAPABLE)
  assert.equal(c.calls.path_rename?.(3, from, length, 3, to, toLength), ERRNO.NOTCAPABLE)
  assert.equal(c.open('d/..', { oflags: OFLAGS.DIRECTORY, base: RIGHTS.FD_READDIR }), 4, '.. within is fine')
})

test('open refuses what cannot be, each with its own number', () => {
  const c = createCaller({
    prepare: ({ mkdir, write, symlink }) => {
      mkdir('/work/d')
      write('/work/f', '')
      symlink('f', '/work/l')
    },
  })
  assert.equal(c.open('x', { oflags: OFLAGS.CREAT | OFLAGS.DIRECTORY }), -ERRNO.INVAL)
  assert.equal(c.open('x', { oflags: 16 }), -ERRNO.INVAL)
  assert.equal(c.open('f', { fdflags: 32 }), -ERRNO.INVAL)
  assert.equal(c.open('f', { oflags: OFLAGS.CREAT | OFLAGS.EXCL }), -ERRNO.EXIST)
  assert.equal(c.open('f', { oflags: OFLAGS.DIRECTORY, base: 0 }), -ERRNO.NOTDIR)
  assert.equal(c.open('f/', { base: 0 }), -ERRNO.NOTDIR)
  assert.equal(c.open('d', { base: RIGHTS.FD_WRITE }), -ERRNO.ISDIR)
  assert.equal(c.open('l'), -ERRNO.LOOP)
  assert.equal(c.open('none'), -ERRNO.NOENT)
  assert.equal(c.open(''), -ERRNO.NOENT)
  assert.equal(c.open('a\0b'), -ERRNO.INVAL)
  assert.equal(c.open('x'.repeat(256), { oflags: OFLAGS.CREAT }), -ERRNO.NAMETOOLONG)
  assert.equal(c.open('x', { fd: 99 }), -ERRNO.BADF)
  assert.equal(c.open('x', { fd: 1 }), -ERRNO.NOTDIR)
  assert.ok(c.open('ünïcode ✓', { oflags: OFLAGS.CREAT }) > 3)
})

test('appending writes at the end wherever the offset is, and set_flags turns it off', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/log', 'one\n') })
  const fd = c.open('log', { fdflags: FDFLAGS.APPEND })
  c.write(fd, 'two\n')
  c.calls.fd_seek?.(fd, 0n, 0, AT.RESULT)
  c.write(fd, 'three\n')
  assert.equal(c.calls.fd_fdstat_set_flags?.(fd, 0), 0)
  c.calls.fd_seek?.(fd, 0n, 0, AT.RESULT)
  c.write(fd, 'ONE')
  c.calls.fd_seek?.(fd, 0n, 0, AT.RESULT)
  assert.equal(c.read(fd), 'ONE\ntwo\nthree\n')
  assert.equal(c.calls.fd_fdstat_set_flags?.(fd, 64), ERRNO.INVAL)
})

test('times are set as asked, and two answers for one time are refused', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/f', '') })
  const fd = c.open('f')
  const set = (flags: number): number => c.calls.fd_filestat_set_times?.(fd, 111n, 222n, flags) ?? -1
  assert.equal(set(FSTFLAGS.ATIM | FSTFLAGS.MTIM), 0)
  assert.equal(c.calls.fd_filestat_get?.(fd, AT.RESULT), 0)
  assert.deepEqual([c.u64(AT.RESULT + 40), c.u64(AT.RESULT + 48)], [111n, 222n])
  assert.equal(set(FSTFLAGS.ATIM | FSTFLAGS.ATIM_NOW), ERRNO.INVAL)
  assert.equal(set(FSTFLAGS.MTIM | FSTFLAGS.MTIM_NOW), ERRNO.INVAL)
  assert.equal(set(16), ERRNO.INVAL)
  assert.equal(set(FSTFLAGS.MTIM_NOW), 0)
  c.calls.fd_filestat_get?.(fd, AT.RESULT)
  assert.equal(c.u64(AT.RESULT + 40), 111n)
  assert.ok(Math.abs(Number(c.u64(AT.RESULT + 48) / 1_000_000n) - Date.now()) < 5000)
})

test('every pointer outside of the memory is EFAULT, and nothing is thrown', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/f', 'text') })
  const fd = c.open('f')
  const bad = 0xfffffff0 | 0
  const [at, length] = c.put('f')
  const cases: [string, (number | bigint)[]][] = [
    ['args_sizes_get', [NOWHERE, AT.RESULT]],
    ['args_get', [AT.RESULT, NOWHERE]],
    ['environ_sizes_get', [AT.RESULT, bad]],
    ['clock_time_get', [0, 0n, NOWHERE]],
    ['clock_res_get', [0, bad]],
    ['fd_fdstat_get', [fd, NOWHERE]],
    ['fd_filestat_get', [fd, NOWHERE]],
    ['fd_prestat_get', [3, NOWHERE]],
    ['fd_prestat_dir_name', [3, bad, 1]],
    ['fd_read', [fd, bad, 1, AT.RESULT]],
    ['fd_read', [fd, AT.IOVEC, 0x20000000, AT.RESULT]],
    ['fd_write', [fd, AT.IOVEC, 1, NOWHERE]],
    ['fd_readdir', [3, bad, 64, 0n, AT.RESULT]],
    ['fd_seek', [fd, 0n, 0, NOWHERE]],
    ['path_open', [3, 0, bad, 4, 0, 0n, 0n, 0, AT.RESULT]],
    ['path_open', [3, 0, at, length, 0, 0n, 0n, 0, NOWHERE]],
    ['path_filestat_get', [3, 0, at, length, NOWHERE]],
    ['path_readlink', [3, at, length, bad, 8, AT.RESULT]],
    ['path_rename', [3, at, length, 3, bad, 1]],
    ['poll_oneoff', [bad, AT.DATA, 1, AT.RESULT]],
    ['poll_oneoff', [AT.DATA, AT.DATA, 0x10000000, AT.RESULT]],
    ['random_get', [NOWHERE, 2]],
  ]
  for (const [name, args] of cases) assert.equal(c.calls[name]?.(...args), ERRNO.FAULT, name)
  c.view().setUint32(AT.IOVEC, bad, true)
  c.view().setUint32(AT.IOVEC + 4, 64, true)
  assert.equal(c.calls.fd_read?.(fd, AT.IOVEC, 1, AT.RESULT), ERRNO.FAULT)
  assert.equal(c.calls.fd_write?.(fd, AT.IOVEC, 1, AT.RESULT), ERRNO.FAULT)
})

test('reading a directory goes on with the last whole entry, wherever the buffer ends', () => {
  const names = Array.from({ length: 40 }, (_, index) => `name-${'x'.repeat(index)}`)
  const c = createCaller({ prepare: ({ write }) => names.forEach((name) => void write(`/work/${name}`, '')) })
  for (const size of [80, 100, 333, 4096]) {
    const seen: string[] = []
    for (let cookie = 0n, isMore = true; isMore; ) {
      assert.equal(c.calls.fd_readdir?.(3, AT.DATA, size, cookie, AT.RESULT), 0)
      const used = c.u32()
      isMore = used === size
      for (let at = AT.DATA; at + 24 <= AT.DATA + used; ) {
        const length = c.u32(at + 16)
        if (at + 24 + length > AT.DATA + used) break
        seen.push(new TextDecoder().decode(c.bytes().slice(at + 24, at + 24 + length)))
        cookie = c.u64(at)
        at += 24 + length
      }
    }
    assert.deepEqual(seen.sort(), ['.', '..', ...names].sort(), `a buffer of ${size} bytes`)
  }
  assert.equal(c.calls.fd_readdir?.(3, AT.DATA, 4096, 1n << 60n, AT.RESULT), 0)
  assert.equal(c.u32(), 0)
})

test('files grow by truncate and allocate, and refuse what no file can be', () => {
  const c = createCaller()
  const fd = c.open('f', { oflags: OFLAGS.CREAT })
  assert.equal(c.calls.fd_filestat_set_size?.(fd, 100n), 0)
  assert.equal(c.calls.fd_allocate?.(fd, 150n, 50n), 0)
  c.calls.fd_filestat_get?.(fd, AT.RESULT)
  assert.equal(c.u64(AT.RESULT + 32), 200n)
  assert.equal(c.calls.fd_allocate?.(fd, 0n, 0n), ERRNO.INVAL)
  assert.equal(c.calls.fd_filestat_set_size?.(fd, -1n), ERRNO.FBIG)
  assert.equal(c.calls.fd_advise?.(fd, 0n, 0n, 6), ERRNO.INVAL)
  assert.equal(c.calls.fd_advise?.(fd, 0n, 0n, 5), 0)
})

test('no descriptor is a socket, and one that is not open is bad', () => {
  const c = createCaller()
  assert.equal(c.calls.sock_shutdown?.(1, 1), ERRNO.NOTSOCK)
  assert.equal(c.calls.sock_recv?.(9, 0, 0, 0, 0, 0), ERRNO.BADF)
  assert.equal(c.calls.sock_send?.(3, 0, 0, 0, 0), ERRNO.NOTSOCK)
  assert.equal(c.calls.sock_accept?.(9, 0, 0), ERRNO.BADF)
})

test('the guest may grow its memory between calls', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/f', 'text') })
  const fd = c.open('f')
  c.memory.grow(4)
  assert.equal(c.read(fd), 'text')
  const high = GUEST_BYTES + 65536
  c.view().setUint32(AT.IOVEC, high, true)
  c.view().setUint32(AT.IOVEC + 4, 4, true)
  assert.equal(c.calls.fd_pread?.(fd, AT.IOVEC, 1, 0n, AT.RESULT), 0)
  assert.equal(c.u32(), 4)
  assert.equal(c.bytes()[high], 'text'.charCodeAt(0))
})

test('wasi_unstable has its own whence and its own filestat', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/f', 'hello') })
  const fd = c.open('f')
  const [CUR, END, SET] = [0, 1, 2]
  const seek = (offset: bigint, whence: number): bigint => {
    assert.equal(c.unstable.fd_seek?.(fd, offset, whence, AT.RESULT), 0)
    return c.u64()
  }
  assert.equal(seek(2n, SET), 2n)
  assert.equal(seek(1n, CUR), 3n)
  assert.equal(seek(-1n, END), 4n)
  c.bytes().fill(0xee, AT.DATA, AT.DATA + 80)
  assert.equal(c.unstable.fd_filestat_get?.(fd, AT.DATA), 0)
  assert.equal(c.bytes()[AT.DATA + 16], FILETYPE.REGULAR_FILE)
  assert.equal(c.u32(AT.DATA + 20), 1, 'nlink')
  assert.equal(c.u64(AT.DATA + 24), 5n, 'size')
  assert.equal(c.bytes()[AT.DATA + 56], 0xee, 'nothing behind 56 bytes')
  const [at, length] = c.put('f')
  assert.equal(c.unstable.path_filestat_get?.(3, 0, at, length, AT.DATA), 0)
  assert.equal(c.u64(AT.DATA + 24), 5n)
  assert.equal(c.unstable.sock_accept, undefined)
})

test('both interfaces offer every call of theirs', () => {
  const c = createCaller()
  assert.equal(Object.keys(c.calls).length, 46)
  assert.equal(Object.keys(c.unstable).length, 45)
  assert.ok(READ_WRITE)
})
