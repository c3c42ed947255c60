import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wasi } from '@bjorn3/browser_wasi_shim'
import { ERRNO } from './errno.ts'
import { SIGNAL } from './signals.ts'
import * as ours from './wasi.ts'

const THEIRS = wasi as unknown as Record<string, number>

const same = (prefix: string, values: Record<string, number>, names: Record<string, string> = {}): void => {
  for (const [name, value] of Object.entries(values)) {
    const key = `${prefix}_${names[name] ?? name}`
    assert.equal(value, THEIRS[key], key)
  }
}

test('every number is that of the shim’s definitions', () => {
  // The shim's are older than sock_accept.
  const { SOCK_ACCEPT, ...rights } = ours.RIGHTS
  assert.equal(SOCK_ACCEPT, 2 ** 29)
  same('RIGHTS', rights)
  same('ERRNO', ERRNO)
  same('WHENCE', ours.WHENCE)
  same('OFLAGS', ours.OFLAGS)
  same('FDFLAGS', ours.FDFLAGS)
  same('FSTFLAGS', ours.FSTFLAGS)
  same('FILETYPE', ours.FILETYPE)
  same('EVENTTYPE', ours.EVENTTYPE)
  same('EVENTRWFLAGS', ours.EVENTRWFLAGS, { HANGUP: 'FD_READWRITE_HANGUP' })
  same('SUBCLOCKFLAGS', ours.SUBCLOCKFLAGS, { ABSTIME: 'SUBSCRIPTION_CLOCK_ABSTIME' })
  same('CLOCKID', ours.CLOCKID, {
    PROCESS_CPUTIME: 'PROCESS_CPUTIME_ID',
    THREAD_CPUTIME: 'THREAD_CPUTIME_ID',
  })
  assert.equal(ours.ADVICE_LAST, wasi.ADVICE_NOREUSE)
  assert.equal(ours.PREOPENTYPE_DIR, wasi.PREOPENTYPE_DIR)
})

test('signals are told from WASI’s numbers by name', () => {
  const names = ['HUP', 'ABRT', 'KILL', 'TERM', 'CHLD', 'CONT', 'STOP', 'TTOU', 'XCPU', 'WINCH'] as const
  for (const name of names)
    assert.equal(ours.signalFromWasi(THEIRS[`SIGNAL_${name}`] ?? -1), SIGNAL[name], name)
})

test('the sets of rights stay within what there is, and the read-only one changes nothing', () => {
  for (const set of [
    ours.RIGHTS_FILE,
    ours.RIGHTS_DIRECTORY,
    ours.RIGHTS_STREAM,
    ours.PREOPEN_RIGHTS.inheriting,
  ])
    assert.equal(set & ~ours.RIGHTS_ALL, 0)
  const { base, inheriting } = ours.PREOPEN_READONLY_RIGHTS
  const changing =
    ours.RIGHTS.PATH_CREATE_FILE |
    ours.RIGHTS.PATH_UNLINK_FILE |
    ours.RIGHTS.PATH_SYMLINK |
    ours.RIGHTS.PATH_RENAME_TARGET
  assert.equal((base | inheriting) & changing, 0)
  assert.notEqual(inheriting & ours.RIGHTS_READONLY_MARK, 0)
})
