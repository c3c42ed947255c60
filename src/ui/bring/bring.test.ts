import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTree } from '../../abi/tree.ts'
import { type FlatEntry, sourceFromEntries } from '../../project/flat.ts'
import type { Wasmrun } from '../../sdk/types.ts'
import { runsText } from '../console/line.ts'
import { createFiles } from '../files/files.ts'
import { createRunner } from '../run/runner.ts'
import { SETTINGS } from '../stores/settings.ts'
import { createStores } from '../stores/stores.ts'
import { createBring } from './bring.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const entry = (path: string, content: Uint8Array | Error = bytes('x'), size?: number): FlatEntry => ({
  path,
  node: {
    kind: 'file',
    stat: async () => ({ size: size ?? (content instanceof Error ? 1 : content.length) }),
    read: async () => {
      if (content instanceof Error) throw content
      return content
    },
  },
})

const create = ({ disk = 'off', holds = ['old'] }: { disk?: string; holds?: string[] } = {}) => {
  const stores = createStores({ storage: null, nextFrame: async () => {}, later: () => {} })
  const calls: string[] = []
  let mounted: string[] = []
  const wasmrun = {
    on: () => () => {},
    projects: {
      current: null,
      close: async () => void calls.push('close'),
      open: async (id: string) => {
        calls.push(`open ${id}`)
        return { project: { id, name: 'kept' }, entries: 1, losses: [] }
      },
    },
    disk: { status: { state: disk } },
    mount: async (tree: Uint8Array, path: string) => {
      calls.push(`mount ${path}`)
      mounted = [...readTree(tree)].map((entry) => new TextDecoder().decode(entry.path))
      return { leftOut: [] }
    },
    fs: {
      rm: async (path: string) => void calls.push(`rm ${path}`),
      watch: () => () => {},
      readdir: async () => holds.map((name) => ({ name, kind: 'file', stat: { size: 0, modified: 0n } })),
    },
    // only what bringing calls is there
  } as unknown as Wasmrun
  const now = () => 1
  const runner = createRunner({ wasmrun, stores, now, nextFrame: async () => {} })
  const files = createFiles({
    fs: wasmrun.fs,
    later: () => {},
    savesIdle: () => true,
    failed: assert.fail,
  })
  const kept = {
    remember: () => {},
    keep: async (name: string) => {
      calls.push(`keep ${name}`)
      return 'id'
    },
  }
  const bring = createBring({
    wasmrun,
    stores,
    files,
    runner,
    kept,
    disk: { forget: () => {}, propose: () => {} },
    storage: null,
    later: () => {},
    settings: () => SETTINGS,
    now,
    search: () => '',
    archive: '',
  })
  const open = (name: string, entries: FlatEntry[]): Promise<void> =>
    bring.open({ name, kind: 'folder', open: () => sourceFromEntries(name, entries) })
  const said = (): string[] => {
    const all: string[] = []
    for (let id = stores.console.first(); id < stores.console.end(); id++)
      all.push(runsText(stores.console.line(id)?.runs ?? []))
    return all
  }
  return { stores, bring, open, calls, tree: () => mounted, said }
}

const until = async (test: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !test(); turn++) await new Promise((resolve) => setTimeout(resolve, 2))
  assert.ok(test(), 'it did not come to that')
}

test('a folder is read, mounted and known by what runs it', async () => {
  const { stores, bring, open, calls, tree } = create()
  await open('p', [entry('main.py', bytes('print(1)')), entry('lib/__proto__'), entry('node_modules/a.js')])
  assert.deepEqual(calls, ['close', 'mount /home/project', 'keep p'])
  assert.deepEqual(tree(), ['lib', 'main.py', 'lib/__proto__'])
  const project = stores.project.project.value
  assert.equal(project?.files, 2)
  assert.equal(project?.leftOut[0]?.path, 'node_modules')
  assert.equal(stores.project.chosen.value?.command, 'python3')
  assert.equal(bring.state.value, null)
  assert.equal(bring.recent.value[0]?.name, 'p')
})

test('what lies in the machine is never removed file by file: a folder of the disk may be in step with it', async () => {
  for (const [disk, holds, first] of [
    ['in-step', [], 'close'],
    ['permission', ['mine.txt'], 'close'],
    ['off', ['mine.txt'], 'close'],
    ['off', [], 'mount /home/project'],
  ] as const) {
    const { bring, open, calls } = create({ disk, holds: [...holds] })
    await open('p', [entry('main.py')])
    assert.equal(calls[0], first)
    await bring.close()
    assert.deepEqual(
      calls.filter((call) => call.startsWith('rm')),
      [],
    )
  }
})

test('what cannot be opened is a card, and the former project stays', async () => {
  const { stores, bring, open, calls } = create()
  await open('first', [entry('main.py')])
  await bring.open({
    name: 'bad.zip',
    kind: 'zip',
    open: () => {
      throw new Error('bad.zip is cut off.')
    },
  })
  assert.equal(stores.notices.card.value?.facts[0]?.text, 'bad.zip is cut off.')
  assert.equal(stores.project.project.value?.name, 'first')
  assert.equal(calls.length, 3)
})

test('more than the limits is asked about; the answer decides what is read', async () => {
  const { stores, bring, open } = create()
  const large = entry('data/large.csv', new Uint8Array(11 * 2 ** 20))
  const opening = open('p', [entry('main.py'), large])
  await until(() => bring.state.value?.phase === 'asking')
  bring.answer(null)
  await opening
  assert.equal(stores.project.project.value?.files, 1)
  bring.raise()
  await until(() => stores.project.project.value?.files === 2)
})

test('Cancel leaves everything as it was', async () => {
  const { stores, bring, open, calls } = create()
  const opening = open('p', [entry('a.bin', new Uint8Array(1), 11 * 2 ** 20)])
  await until(() => bring.state.value?.phase === 'asking')
  bring.cancel()
  await opening
  assert.equal(bring.state.value, null)
  assert.equal(stores.project.project.value, null)
  assert.equal(stores.notices.card.value, null)
  assert.deepEqual(calls, [])
})

test('a file that cannot be read is left out with its reason, the others are opened', async () => {
  const { stores, open } = create()
  await open('p', [entry('main.py'), entry('gone.txt', new DOMException('gone', 'NotFoundError'))])
  const project = stores.project.project.value
  assert.equal(project?.files, 1)
  assert.match(project?.leftOut[0]?.reason ?? '', /gone\.txt has vanished/)
})

test('a folder that vanishes half-way is kept as far as it was read, and says so', async () => {
  const { stores, open, said } = create()
  const gone = (index: number) => entry(`f${index}.txt`, new DOMException('gone', 'NotFoundError'))
  await open('p', [entry('a.py'), gone(1), gone(2), gone(3), gone(4)])
  assert.equal(stores.project.project.value?.files, 1)
  assert.match(stores.notices.card.value?.title ?? '', /to its end/)
  assert.ok(said().some((line) => line.includes('has vanished')))
})

test('opening the next project closes the one that is being read', async () => {
  const { stores, bring, open } = create()
  const first = open('first', [entry('a.bin', new Uint8Array(1), 11 * 2 ** 20)])
  await until(() => bring.state.value?.phase === 'asking')
  await open('second', [entry('main.py')])
  await first
  assert.equal(stores.project.project.value?.name, 'second')
  assert.equal(bring.state.value, null)
})
