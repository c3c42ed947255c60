import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksum } from './checksum.ts'
import { createRecovery, type StoredPart, sizeOf } from './recovery.ts'
import { type TreeVisitor, walkRecovered } from './recovery-walk.ts'
import { createSegmentWriter, FACTS_WORDS, isBodyOf, isPart, type Part, RECORD, ROOT_ID } from './segment.ts'

const FILES = 60

/** A folder with folders of files, in parts of one batch each. */
const sample = (factsWords = FACTS_WORDS): Part[] => {
  const parts: Part[] = []
  const encoder = new TextEncoder()
  const make = (number: number, fill: (write: ReturnType<typeof createSegmentWriter>) => void): void => {
    const writer = createSegmentWriter(number, 0)
    fill(writer)
    writer.end()
    parts.push(...writer.take())
  }
  const facts = (
    writer: ReturnType<typeof createSegmentWriter>,
    id: number,
    kind: number,
    size = 0,
  ): void => {
    writer.i32.set(
      [kind, 0o644, 0, 0, 0, 0, 0, 0, size, 0],
      writer.record(RECORD.FACTS, id, factsWords * 4) >> 2,
    )
  }
  const names = (
    writer: ReturnType<typeof createSegmentWriter>,
    id: number,
    list: [string, number][],
  ): void => {
    const words: number[] = [0]
    const at = writer.record(RECORD.NAMES, id, 4 + list.length * 16)
    for (const [, child] of list) words.push(child, 8, 0, 0)
    writer.i32.set(words, at >> 2)
    for (const [index, [name]] of list.entries())
      writer.u8.set(encoder.encode(name.padEnd(8, '-')), at + 4 + index * 16 + 8)
  }
  make(1, (writer) => {
    facts(writer, ROOT_ID, 2)
    names(writer, ROOT_ID, [
      ['one', 2],
      ['two', 3],
    ])
    facts(writer, 2, 2)
    facts(writer, 3, 2)
  })
  for (let index = 0; index < FILES; index++) {
    make(index + 2, (writer) => {
      const folder = 2 + (index & 1)
      const list: [string, number][] = []
      for (let each = folder - 2; each <= index; each += 2) list.push([`f${each}`, 10 + each])
      names(writer, folder, list)
      if (index % 2 === 0) {
        const place = writer.file(10 + index, 20)
        writer.i32.set([1, 0o644, 0, 0, 0, 0, 0, 0, 20, 0], writer.words)
        writer.body.fill(index, place, place + 20)
        return
      }
      // As the content of files was written once.
      facts(writer, 10 + index, 1, 20)
      const at = writer.record(RECORD.DATA, 10 + index, 20)
      writer.u8.fill(index, at, at + 20)
    })
  }
  return parts
}

const stored = ({ bytes, body, ids, batch, commit }: Part): StoredPart => {
  const far = body && { size: body.byteLength, u8: new Uint8Array(body), isLost: !isBodyOf(bytes, body) }
  return { bytes, body: far, ids, batch, commit }
}

const visit = (parts: readonly StoredPart[]) => {
  const recovery = createRecovery()
  for (const part of parts) recovery.log(part)
  const recovered = recovery.finish()
  const made: string[] = []
  let handles = 0
  const make = (_parent: number, u8: Uint8Array, at: number, length: number): number => {
    made.push(new TextDecoder().decode(u8.slice(at, at + length)))
    return ++handles
  }
  const visitor: TreeVisitor = { directory: make, leaf: make, link: () => true }
  walkRecovered(recovered, 0, visitor)
  return { made, losses: recovered.losses }
}

test('what was written is found, without a loss', () => {
  const { made, losses } = visit(sample().map(stored))
  assert.equal(made.length, FILES + 2)
  assert.deepEqual(losses, [])
})

test('what was written before facts had a hint is read alike', () => {
  assert.deepEqual(visit(sample(10).map(stored)), visit(sample().map(stored)))
})

test('each damaged or missing part costs little, and the damage is told', () => {
  const parts = sample().map(stored)
  for (let index = 1; index < parts.length; index++) {
    for (const isMissing of [false, true]) {
      const all = [...parts]
      const part = all[index] as StoredPart
      const bytes = part.bytes?.slice(0) as ArrayBuffer
      new Uint8Array(bytes)[40 + (index % 60)]! ^= 4
      all[index] = isMissing
        ? { bytes: null, body: null, ids: null, batch: 0, commit: false }
        : { ...part, bytes }
      const { made, losses } = visit(all)
      assert.ok(losses.length > 0, `part ${index}`)
      assert.ok(made.length >= FILES, `part ${index}: ${made.length}`)
      if (!isMissing)
        assert.ok(
          losses.some(({ path }) => path !== ''),
          `part ${index} is told by name`,
        )
    }
  }
})

test('without the part that names the top, everything is under lost+found', () => {
  const [top, ...rest] = sample().map(stored)
  const { made, losses } = visit([{ ...(top as StoredPart), bytes: new ArrayBuffer(4) }, ...rest])
  assert.ok(made.includes('lost+found'))
  assert.ok(made.length >= FILES)
  assert.ok(losses.some(({ path }) => path.startsWith('lost+found/')))
})

/** A folder with one file, written twice, the second time in a part of its own. */
const twice = (id: number): StoredPart[] =>
  [
    [1, 'first'],
    [2, 'the second'],
  ].map(([batch, words]) => {
    const writer = createSegmentWriter(Number(batch), 0)
    const text = new TextEncoder().encode(String(words))
    if (batch === 1) {
      writer.i32.set([2, 0o755], writer.record(RECORD.FACTS, ROOT_ID, FACTS_WORDS * 4) >> 2)
      writer.i32.set([0, id, 4, 0x656c6966], writer.record(RECORD.NAMES, ROOT_ID, 16) >> 2)
    }
    writer.body.set(text, writer.file(id, text.length))
    writer.i32.set([1, 0o600 + Number(batch), 0, 0, 0, 0, 0, 0, text.length, 0, 0], writer.words)
    writer.end()
    return stored(writer.take()[0] as Part)
  })

const contentOf = (parts: StoredPart[], id: number) => {
  const recovery = createRecovery()
  for (const part of parts) recovery.log(part)
  const recovered = recovery.finish()
  const node = recovered.nodes.get(id)
  const bytes = node?.body?.u8?.slice(node.at, node.at + node.length)
  const losses: string[] = []
  walkRecovered(recovered, 0, { directory: () => 1, leaf: () => 2, link: () => true })
  for (const { path, what } of recovered.losses) losses.push(`${path}: ${what}`)
  return {
    text: bytes && new TextDecoder().decode(bytes),
    mode: node?.i32[node.word + 1],
    size: node && sizeOf(node),
    handle: recovered.nodes.get(id)?.handle,
    lastId: recovered.lastId,
    losses,
  }
}

const DOUBT = 'its latest version is lost; this is an older one, or parts of it are empty'

test('the later record of a file counts, whatever its id', () => {
  for (const id of [2, 4095, 4096, 70_000, 5_000_000, 2 ** 31 - 1]) {
    const { text, mode, size, handle, lastId, losses } = contentOf(twice(id), id)
    assert.deepEqual([text, mode, size, handle, lastId], ['the second', 0o602, 10, 2, id])
    assert.deepEqual(losses, [])
  }
})

test('a body that is lost or missing leaves content and facts of before, and no content leaves no file', () => {
  for (const id of [2, 5_000_000]) {
    const [first, second] = twice(id) as [StoredPart, StoredPart]
    for (const body of [null, { size: 10, u8: null, isLost: true }]) {
      const older = contentOf([first, { ...second, body }], id)
      assert.deepEqual(
        [older.text, older.mode, older.size, older.losses],
        ['first', 0o601, 5, [`file: ${DOUBT}`]],
      )
      const newer = contentOf([{ ...first, body }, second], id)
      assert.deepEqual([newer.text, newer.mode, newer.losses], ['the second', 0o602, []])
      const neither = contentOf(
        [
          { ...first, body },
          { ...second, body },
        ],
        id,
      )
      assert.deepEqual([neither.text, neither.losses], [undefined, ['file: its content is lost']])
    }
  }
})

test('a record that reaches out of its body is no record, and a body that is not the head’s is known', () => {
  const [first] = twice(2) as [StoredPart]
  const bytes = first.bytes as ArrayBuffer
  assert.ok(isBodyOf(bytes, first.body?.u8?.buffer as ArrayBuffer))
  assert.ok(!isBodyOf(bytes, new ArrayBuffer(8)) && !isBodyOf(new ArrayBuffer(3), new ArrayBuffer(8)))
  const short = contentOf([{ ...first, body: { size: 4, u8: new Uint8Array(4), isLost: false } }], 2)
  assert.equal(short.text, undefined)
  assert.ok(short.losses.length > 0)
})

test('a batch without its last part never happened', () => {
  const parts = sample().map(stored)
  const last = parts.at(-1) as StoredPart
  const { made, losses } = visit([...parts.slice(0, -1), { ...last, commit: false }])
  assert.equal(made.length, FILES + 1)
  assert.deepEqual(losses, [])
})

test('whatever a hostile part says, reading it ends and breaks nothing', () => {
  const parts = sample()
  let seed = 20250615
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0
    return (seed >>> 8) % below
  }
  for (let round = 0; round < 3000; round++) {
    const all = parts.map(stored)
    const index = random(all.length)
    const bytes = all[index]?.bytes?.slice(0) as ArrayBuffer
    const words = new Int32Array(bytes)
    for (let change = 1 + random(4); change > 0; change--) {
      const values = [0, 1, 2, 3, 4, 5, -1, 2 ** 31 - 1, -(2 ** 31), 10, 70_000, random(2 ** 24)]
      words[2 + random(words.length - 2)] = values[random(values.length)] ?? 0
    }
    // With a checksum that fits, as whoever means harm would send it.
    const length = words[2] ?? 0
    if (length >= 0 && 32 + length <= bytes.byteLength)
      words[1] = checksum(new Uint8Array(bytes), 8, 32 + length) | 0
    all[index] = { ...(all[index] as StoredPart), bytes }
    const { made } = visit(all)
    assert.ok(made.length <= FILES * 4)
    for (const name of made) assert.ok(!/[/\0]/.test(name) && name !== '.' && name !== '..')
  }
})

test('bytes that are no part are told apart', () => {
  const [part] = sample()
  assert.ok(part && isPart(part.bytes))
  for (const bytes of [new ArrayBuffer(0), new ArrayBuffer(31), new ArrayBuffer(64), part.bytes.slice(0, -4)])
    assert.equal(isPart(bytes), false)
})
