import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeText, encodeText } from '../lib/bytes.ts'
import { unzipHere } from '../lib/unzip.ts'
import { openZip } from '../lib/zip.ts'
import { packZip, type ZipSource } from '../lib/zip-pack.ts'
import { openArchive } from './archive.ts'
import { type DropEntry, type DropItem, sourceFromDrop, sourceFromFiles } from './drop.ts'
import {
  type FileHandleLike,
  type FolderHandleLike,
  type HandleLike,
  sourceFromFileList,
  sourceFromHandle,
} from './folder.ts'
import { type LoadedProject, loadPlan } from './load.ts'
import { packProject, zipTree } from './pack.ts'
import type { FileLike, Source } from './source.ts'
import { leadsOut } from './symlink.ts'
import { walk } from './walk.ts'

const load = async (source: Source): Promise<LoadedProject> => loadPlan(await walk(source))
const contents = ({ files }: LoadedProject): Record<string, string> =>
  Object.fromEntries(files.map(({ path, bytes }) => [path, decodeText(bytes)]))
const file = (name: string, text: string | Uint8Array, webkitRelativePath = ''): FileLike =>
  Object.assign(
    new File([typeof text === 'string' ? text : text.slice()], name, { lastModified: 1_700_000_000_123 }),
    { webkitRelativePath },
  )

/** The platform's own objects must fit without a cast; the compiler checks it. */
export const FITS: {
  handle(handle: FileSystemDirectoryHandle): Source
  list(files: FileList): Source
  drop(items: DataTransferItemList): Promise<{ source: Source }>
} = {
  handle: sourceFromHandle,
  list: sourceFromFileList,
  drop: (items: Iterable<DropItem>) => sourceFromDrop(items, unzipHere),
}

function fileHandle(name: string, getFile: () => Promise<FileLike>): FileHandleLike {
  return { kind: 'file', name, getFile }
}

function folderHandle(name: string, children: HandleLike[]): FolderHandleLike {
  return {
    kind: 'directory',
    name,
    async *values() {
      yield* children
    },
  }
}

test('a folder handle gives its files with times', async () => {
  const handle = folderHandle('app', [
    fileHandle('main.py', async () => file('main.py', 'print(1)')),
    folderHandle('lib', [fileHandle('a.py', async () => file('a.py', 'a'))]),
  ])
  const project = await load(sourceFromHandle(handle))
  assert.equal(project.name, 'app')
  assert.deepEqual(contents(project), { 'main.py': 'print(1)', 'lib/a.py': 'a' })
  assert.equal(project.files[0]?.modifiedNs, 1_700_000_000_123_000_000n)
})

test('a file that was saved again between listing and reading is read anew', async () => {
  const old = {
    ...file('a', ''),
    name: 'a',
    size: 3,
    lastModified: 1,
    arrayBuffer: async () => Promise.reject(new Error('stale')),
  }
  const versions: FileLike[] = [old, file('a', 'new')]
  const handle = fileHandle('a', async () => versions.shift() ?? file('a', 'later'))
  assert.deepEqual(contents(await load(sourceFromHandle(folderHandle('app', [handle])))), { a: 'new' })
})

test('a file list of a picked folder loses the folder around it', async () => {
  const list = [
    file('main.py', '1', 'app/main.py'),
    file('a.js', '2', 'app/src/a.js'),
    file('x', '3', 'app/node_modules/x'),
  ]
  const project = await load(sourceFromFileList(list))
  assert.equal(project.name, 'app')
  assert.deepEqual(contents(project), { 'main.py': '1', 'src/a.js': '2' })
  assert.deepEqual(contents(await load(sourceFromFileList([file('b.py', 'b'), file('c.py', 'c')]))), {
    'b.py': 'b',
    'c.py': 'c',
  })
})

function dropEntry(name: string, content: string | DropEntry[]): DropEntry {
  if (typeof content === 'string')
    return { isFile: true, isDirectory: false, name, file: (done) => done(file(name, content)) }
  return {
    isFile: false,
    isDirectory: true,
    name,
    createReader() {
      const left = [...content]
      return { readEntries: (done) => done(left.splice(0, 100)) }
    },
  }
}

const fileItem = (given: FileLike, more: Partial<DropItem> = {}): DropItem => ({
  kind: 'file',
  getAsFile: () => given,
  ...more,
})

test('a dropped folder comes as a handle where there are handles, and the handle is kept', async () => {
  const handle = folderHandle('app', [fileHandle('m.py', async () => file('m.py', 'x'))])
  const items: DropItem[] = [
    { kind: 'string', getAsFile: () => null },
    { kind: 'file', getAsFile: () => null, getAsFileSystemHandle: async () => handle },
  ]
  const drop = await sourceFromDrop(items, unzipHere)
  assert.equal(drop.handle, handle)
  assert.deepEqual(contents(await load(drop.source)), { 'm.py': 'x' })
})

test('names that the handle does not list are taken from the entry, and no name comes twice', async () => {
  const inner = fileHandle('deep.py', async () => file('deep.py', 'from the handle'))
  const handle = folderHandle('app', [
    fileHandle('m.py', async () => file('m.py', 'from the handle')),
    folderHandle('d', [inner]),
  ])
  const entry = dropEntry('app', [
    dropEntry('m.py', 'from the entry'),
    dropEntry('a\\b\nc', 'odd'),
    dropEntry('d', [dropEntry('deep.py', 'from the entry'), dropEntry('x\\y', 'odd too')]),
    dropEntry('o\\d', [dropEntry('in.py', 'in an odd folder')]),
  ])
  const item: DropItem = {
    kind: 'file',
    getAsFile: () => null,
    webkitGetAsEntry: () => entry,
    getAsFileSystemHandle: async () => handle,
  }
  assert.deepEqual(contents(await load((await sourceFromDrop([item], unzipHere)).source)), {
    'm.py': 'from the handle',
    'a\\b\nc': 'odd',
    'd/deep.py': 'from the handle',
    'd/x\\y': 'odd too',
    'o\\d/in.py': 'in an odd folder',
  })
})

test('a dropped folder with more than one batch of entries is read to its end', async () => {
  const many = Array.from({ length: 250 }, (_, n) => dropEntry(`f${n}`, 'x'))
  const entry = dropEntry('app', [...many, dropEntry('sub', [dropEntry('deep.py', 'd')])])
  const { source, handle } = await sourceFromDrop(
    [{ kind: 'file', getAsFile: () => null, webkitGetAsEntry: () => entry }],
    unzipHere,
  )
  const project = await load(source)
  assert.equal(handle, undefined)
  assert.equal(project.files.length, 251)
  assert.equal(project.name, 'app')
})

test('where the handle is refused, the entry or the file is taken', async () => {
  const refuse = (): Promise<null> => Promise.reject(new Error('not here'))
  const { source } = await sourceFromDrop(
    [fileItem(file('a.py', '1'), { getAsFileSystemHandle: refuse })],
    unzipHere,
  )
  assert.deepEqual(contents(await load(source)), { 'a.py': '1' })
})

test('all items are taken before the event is over', async () => {
  let over = false
  const guard = <T>(value: T): T => {
    assert.equal(over, false, 'asked after the event')
    return value
  }
  const item = (name: string): DropItem => ({
    kind: 'file',
    getAsFile: () => guard(file(name, name)),
    getAsFileSystemHandle: () => guard(Promise.resolve(null)),
    webkitGetAsEntry: () => guard(dropEntry(name, name)),
  })
  const pending = sourceFromDrop([item('a'), item('b'), item('c')], unzipHere)
  over = true
  assert.deepEqual(contents(await load((await pending).source)), { a: 'a', b: 'b', c: 'c' })
})

test('a drop of nothing but text says what to drop', async () => {
  await assert.rejects(
    sourceFromDrop([{ kind: 'string', getAsFile: () => null }], unzipHere),
    /Drop a project folder/,
  )
})

const zip = (...entries: [string, string | null, Partial<ZipSource>?][]): Uint8Array =>
  packZip(
    entries.map(([path, text, more]) => ({
      path,
      kind: text === null ? 'directory' : 'file',
      data: encodeText(text ?? ''),
      ...more,
    })),
  )

test('a dropped .zip is opened, and one folder around everything is taken off', async () => {
  const bytes = zip(
    ['demo-main', null],
    ['demo-main/main.py', 'x'],
    ['demo-main/a/b.py', 'y'],
    ['__MACOSX/._main.py', 'junk'],
  )
  const project = await load(await sourceFromFiles([file('demo.zip', bytes)], unzipHere))
  assert.equal(project.name, 'demo-main')
  assert.deepEqual(contents(project), { 'main.py': 'x', 'a/b.py': 'y' })
  const flat = await load(await openArchive('demo.zip', zip(['main.py', 'x'], ['a/b.py', 'y']), unzipHere))
  assert.equal(flat.name, 'demo')
  assert.deepEqual(contents(flat), { 'main.py': 'x', 'a/b.py': 'y' })
})

test('entries that lead out of an archive are left out and listed', async () => {
  const bytes = zip(
    ['ok.py', '1'],
    ['../evil', 'e'],
    ['a/../../evil', 'e'],
    ['/etc/passwd', 'e'],
    ['C:\\evil', 'e'],
    ['C:/evil', 'e'],
    ['\\\\host\\x', 'e'],
    ['./dot//b', '2'],
  )
  const project = await load(await openArchive('x.zip', bytes, unzipHere))
  assert.deepEqual(contents(project), { 'ok.py': '1', 'dot/b': '2' })
  const reasons = Object.fromEntries(project.leftOut.map(({ path, reason }) => [path, reason]))
  assert.match(reasons['../evil'] ?? '', /leads out of the archive/)
  assert.match(reasons['a/../../evil'] ?? '', /leads out of the archive/)
  assert.match(reasons['/etc/passwd'] ?? '', /absolute/)
  assert.match(reasons['C:\\evil'] ?? '', /drive/)
  assert.match(reasons['C:/evil'] ?? '', /drive/)
  assert.match(reasons['\\\\host\\x'] ?? '', /another computer/)
})

test('symbolic links of an archive stay where they lead inside, and are refused where they lead out', async () => {
  const link = { kind: 'symlink' } as const
  const bytes = zip(
    ['d/e/f', 'x'],
    ['in', 'd/e/f', link],
    ['d/up', '../d/e', link],
    ['loop', 'loop', link],
    ['abs', '/etc/passwd', link],
    ['out', '../other', link],
    ['d/e/root', '../..', link],
    ['sly', 'd/e/root/../secret', link],
    ['empty', '', link],
    ['in/through', 'x'],
  )
  const project = await load(await openArchive('x.zip', bytes, unzipHere))
  assert.deepEqual(project.symlinks.map(({ path }) => path).sort(), ['d/e/root', 'd/up', 'in', 'loop'])
  const refused = project.leftOut.filter(({ code }) => code === 'unsafe').map(({ path }) => path)
  assert.deepEqual(refused.sort(), ['abs', 'empty', 'in/through', 'out', 'sly'])
})

test('a link out of the root is found behind other links, and a loop is not taken for one', () => {
  const links = new Map([
    ['a/b/top', '../..'],
    ['x', 'a/b/top/..'],
    ['l1', 'l2'],
    ['l2', 'l1'],
    ['fine', 'a/b/top/a'],
    ['far', 'l1/../..'],
  ])
  assert.deepEqual(
    [...links.keys()].filter((path) => leadsOut(path, links)),
    ['x'],
  )
})

test('an archive with the same path twice keeps the later one, and a file never takes the place of a folder', async () => {
  const project = await load(
    await openArchive(
      'x.zip',
      zip(['a', '1'], ['a', '2'], ['d/x', '3'], ['d', '4'], ['a/y', '5']),
      unzipHere,
    ),
  )
  assert.deepEqual(contents(project), { a: '2', 'd/x': '3' })
  assert.deepEqual(project.leftOut.map(({ path }) => path).sort(), ['a', 'a/y', 'd'])
})

test('a damaged entry is left out by name and the others are read', async () => {
  const bytes = zip(['good', 'fine'], ['bad', 'text that gets damaged'])
  const at = decodeText(bytes.map((byte) => (byte < 0x80 ? byte : 0x3f))).indexOf('bad') + 3
  bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 0xff
  const project = await load(await openArchive('x.zip', bytes, unzipHere))
  assert.deepEqual(contents(project), { good: 'fine' })
  assert.match(project.leftOut[0]?.reason ?? '', /"bad" in the zip archive is damaged/)
})

test('a project goes out as a .zip and comes back the same', async () => {
  const bytes = zip(
    ['d', null],
    ['d/run', '#!/bin/sh', { mode: 0o755, modified: 1_700_000_000 }],
    ['l', 'd/run', { kind: 'symlink' }],
  )
  const first = packProject(await load(await openArchive('p.zip', bytes, unzipHere)))
  const again = zipTree(first)
  assert.deepEqual(
    openZip(again).map(({ path, kind }) => [path, kind]),
    [
      ['d/', 'directory'],
      ['d/run', 'file'],
      ['l', 'symlink'],
    ],
  )
  assert.deepEqual(packProject(await load(await openArchive('p.zip', again, unzipHere))), first)
})
