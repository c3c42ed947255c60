import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeText, encodeText } from './bytes.ts'
import { openZip, ZIP_LIMITS, type ZipEntry, ZipError } from './zip.ts'
import { packZip } from './zip-pack.ts'

const LATER = 1_700_000_001
const SAMPLE = packZip([
  { path: 'src', kind: 'directory' },
  {
    path: 'src/main.py',
    kind: 'file',
    mode: 0o755,
    modified: LATER,
    data: encodeText('print(1)\n'.repeat(100)),
  },
  { path: 'link', kind: 'symlink', data: encodeText('src/main.py') },
  { path: 'empty', kind: 'file' },
  { path: '__proto__', kind: 'file', data: encodeText('p') },
  { path: 'é\\\n', kind: 'file', data: encodeText('odd') },
])

const find = (entries: readonly ZipEntry[], path: string): ZipEntry => {
  const entry = entries.find((candidate) => candidate.path === path)
  assert.ok(entry, path)
  return entry
}
const isZipError = (entry: string, message: RegExp) => (error: unknown) =>
  error instanceof ZipError && error.entry === entry && message.test(error.message)

/** Where the record of the first entry with this path stands in the directory. */
function centralOf(bytes: Uint8Array, path: string): number {
  const name = encodeText(path)
  for (let at = 0; at < bytes.length - 46; at++)
    if (
      bytes[at] === 0x50 &&
      bytes[at + 1] === 0x4b &&
      bytes[at + 2] === 1 &&
      bytes[at + 3] === 2 &&
      name.every((byte, index) => bytes[at + 46 + index] === byte)
    )
      return at
  throw new Error(`no ${path}`)
}

function changed(bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice()
  change(new DataView(copy.buffer), copy)
  return copy
}

test('what is packed is read again, with modes, times, links and odd names', () => {
  const entries = openZip(SAMPLE)
  assert.deepEqual(
    entries.map(({ path, kind, mode }) => [path, kind, mode]),
    [
      ['src/', 'directory', 0o755],
      ['src/main.py', 'file', 0o755],
      ['link', 'symlink', 0o777],
      ['empty', 'file', 0o644],
      ['__proto__', 'file', 0o644],
      ['é\\\n', 'file', 0o644],
    ],
  )
  assert.equal(decodeText(find(entries, 'src/main.py').read()), 'print(1)\n'.repeat(100))
  assert.equal(find(entries, 'src/main.py').modified, LATER)
  assert.equal(decodeText(find(entries, 'link').read()), 'src/main.py')
  assert.equal(find(entries, 'empty').read().length, 0)
})

test('an archive cut off anywhere, or with any byte changed, is an error or the true bytes', () => {
  for (let length = 0; length < SAMPLE.length; length++)
    assert.throws(() => openZip(SAMPLE.slice(0, length)), ZipError, `cut at ${length}`)
  const truth = new Map(openZip(SAMPLE).map((entry) => [entry.path, decodeText(entry.read())]))
  for (let at = 0; at < SAMPLE.length; at++)
    for (const flip of [1, 0x40, 0xff]) {
      try {
        for (const entry of openZip(changed(SAMPLE, (_, bytes) => (bytes[at] = (bytes[at] ?? 0) ^ flip)))) {
          const text = decodeText(entry.read())
          if (truth.has(entry.path)) assert.equal(text, truth.get(entry.path), `byte ${at}`)
        }
      } catch (error) {
        assert.ok(error instanceof ZipError, `byte ${at}: ${String(error)}`)
      }
    }
})

test('what is no zip says so', () => {
  assert.throws(
    () => openZip(encodeText('just a text that is long enough')),
    isZipError('', /not a zip file/),
  )
  assert.throws(() => openZip(new Uint8Array(0)), isZipError('', /not a zip file/))
  assert.throws(() => openZip(SAMPLE.slice(0, 60)), isZipError('', /cut off/))
})

test('an entry that inflates to more than it announces is stopped at the announced size', () => {
  const bomb = packZip([{ path: 'a', kind: 'file', data: new Uint8Array(64_000_000) }])
  const lying = changed(bomb, (view, bytes) => view.setUint32(centralOf(bytes, 'a') + 24, 100, true))
  const before = process.memoryUsage().arrayBuffers
  assert.throws(
    () => find(openZip(lying), 'a').read(),
    isZipError('a', /more than the 100 bytes it announces/),
  )
  assert.ok(process.memoryUsage().arrayBuffers - before < 40_000_000, 'it was not inflated to the end')
})

test('a bomb is refused by its ratio, its total size and its number of entries', () => {
  const bomb = packZip([{ path: 'zeros', kind: 'file', data: new Uint8Array(30_000_000) }])
  assert.throws(() => find(openZip(bomb), 'zeros').read(), isZipError('zeros', /250 times.*bomb/))
  const limits = { ...ZIP_LIMITS, totalBytes: 1000, entries: 10 }
  const two = packZip(
    [0, 1].map((n) => ({ path: `f${n}`, kind: 'file' as const, data: new Uint8Array(600) })),
  )
  assert.throws(() => openZip(two, limits), isZipError('', /1.2 KB when unpacked; the limit is 1000 bytes/))
  const many = packZip(Array.from({ length: 11 }, (_, n) => ({ path: `f${n}`, kind: 'file' as const })))
  assert.throws(() => openZip(many, limits), isZipError('', /11 entries; the limit is 10/))
})

test('reading the same data again and again counts against the total', () => {
  const entries = openZip(packZip([{ path: 'a', kind: 'file', data: encodeText('x'.repeat(400)) }]), {
    ...ZIP_LIMITS,
    totalBytes: 1000,
  })
  find(entries, 'a').read()
  find(entries, 'a').read()
  assert.throws(() => find(entries, 'a').read(), isZipError('a', /does not fit/))
})

test('a damaged, an encrypted and a foreign entry are each named', () => {
  const at = (bytes: Uint8Array): number => centralOf(bytes, 'src/main.py')
  const wrongCrc = changed(SAMPLE, (view, bytes) => view.setUint32(at(bytes) + 16, 1, true))
  assert.throws(() => find(openZip(wrongCrc), 'src/main.py').read(), isZipError('src/main.py', /checksum/))
  const method = changed(SAMPLE, (view, bytes) => view.setUint16(at(bytes) + 10, 14, true))
  assert.throws(() => find(openZip(method), 'src/main.py').read(), isZipError('src/main.py', /method 14/))
  const encrypted = changed(SAMPLE, (view, bytes) => view.setUint16(at(bytes) + 8, 1, true))
  assert.throws(() => openZip(encrypted), isZipError('src/main.py', /encrypted/))
})

test('names of old tools: code page 437, and backslashes from DOS but not from Unix', () => {
  const dos = changed(packZip([{ path: 'dir\\f~', kind: 'file' }]), (view, bytes) => {
    const at = centralOf(bytes, 'dir')
    view.setUint8(at + 5, 0)
    view.setUint16(at + 8, 0, true)
    view.setUint8(at + 46 + 5, 0x81)
  })
  assert.equal(openZip(dos)[0]?.path, 'dir/fü')
  assert.equal(openZip(packZip([{ path: 'dir\\file', kind: 'file' }]))[0]?.path, 'dir\\file')
})

test('an archive after a program, as self-extracting ones are, is read', () => {
  const joined = new Uint8Array(1000 + SAMPLE.length)
  joined.set(SAMPLE, 1000)
  assert.equal(decodeText(find(openZip(joined), 'link').read()), 'src/main.py')
})

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0

test('archives of Info-ZIP and of Python, zip64 too, are read; ours are read by Python', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    writeFileSync(join(folder, 'naïve.txt'), 'hello\n'.repeat(50))
    symlinkSync('naïve.txt', join(folder, 'link'))
    if (has('zip', '-v')) {
      spawnSync('zip', ['-q', '-y', 'info.zip', 'naïve.txt', 'link'], { cwd: folder })
      const entries = openZip(readFileSync(join(folder, 'info.zip')))
      assert.deepEqual(
        entries.map(({ path, kind }) => [path, kind]),
        [
          ['naïve.txt', 'file'],
          ['link', 'symlink'],
        ],
      )
      assert.equal(decodeText(find(entries, 'naïve.txt').read()), 'hello\n'.repeat(50))
    } else context.diagnostic('note: zip is not installed: its archives were not read')
    if (has('python3', '--version')) {
      const script = `
import zipfile
with zipfile.ZipFile('py.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    with z.open('big.txt', 'w', force_zip64=True) as f: f.write(b'zip64' * 100)
    z.writestr('plain', 'x')
`
      const made = spawnSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8' })
      assert.equal(made.status, 0, made.stderr)
      assert.equal(
        decodeText(find(openZip(readFileSync(join(folder, 'py.zip'))), 'big.txt').read()),
        'zip64'.repeat(100),
      )
      writeFileSync(join(folder, 'ours.zip'), SAMPLE)
      const check = spawnSync('python3', ['-m', 'zipfile', '-t', 'ours.zip'], {
        cwd: folder,
        encoding: 'utf8',
      })
      assert.equal(check.stdout.trim(), 'Done testing', check.stderr)
    } else context.diagnostic('note: python3 is not installed: its archives were not read')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the sizes of a zip64 record and its end are read from their 64-bit fields', () => {
  const plain = packZip([{ path: 'a', kind: 'file', data: encodeText('zip64 all over') }])
  const [entry] = openZip(toZip64(plain))
  assert.equal(entry?.path, 'a')
  assert.equal(decodeText(entry?.read() ?? new Uint8Array()), 'zip64 all over')
})

/** Rewrites the directory of an archive with one entry so that all its numbers are in zip64 fields. */
function toZip64(plain: Uint8Array): Uint8Array {
  const at = centralOf(plain, 'a')
  const old = new DataView(plain.buffer, plain.byteOffset)
  const result = new Uint8Array(at + 46 + 1 + 28 + 56 + 20 + 22)
  const view = new DataView(result.buffer)
  result.set(plain.subarray(0, at + 47))
  for (const field of [20, 24, 42]) view.setUint32(at + field, 0xffffffff, true)
  view.setUint16(at + 30, 28, true)
  const extra = at + 47
  view.setUint16(extra, 1, true)
  view.setUint16(extra + 2, 24, true)
  view.setBigUint64(extra + 4, BigInt(old.getUint32(at + 24, true)), true)
  view.setBigUint64(extra + 12, BigInt(old.getUint32(at + 20, true)), true)
  view.setBigUint64(extra + 20, BigInt(old.getUint32(at + 42, true)), true)
  const end64 = extra + 28
  view.setUint32(end64, 0x06064b50, true)
  view.setBigUint64(end64 + 32, 1n, true)
  view.setBigUint64(end64 + 40, BigInt(end64 - at), true)
  view.setBigUint64(end64 + 48, BigInt(at), true)
  const locator = end64 + 56
  view.setUint32(locator, 0x07064b50, true)
  view.setBigUint64(locator + 8, BigInt(end64), true)
  const end = locator + 20
  view.setUint32(end, 0x06054b50, true)
  for (const field of [8, 10]) view.setUint16(end + field, 0xffff, true)
  for (const field of [12, 16]) view.setUint32(end + field, 0xffffffff, true)
  return result
}
