import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksum } from './checksum.ts'
import { createRecovery, type StoredPart } from './recovery.ts'
import { type TreeVisitor, walkRecovered } from './recovery-walk.ts'
import { createSegmentWriter, FACTS_WORDS, isPart, type Part, RECORD, ROOT_ID } from './segment.ts'

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
      facts(writer, 10 + index, 1, 20)
      const at = writer.record(RECORD.DATA, 10 + index, 20)
      writer.u8.fill(index, at, at + 20)
    })
  }
  return parts
}

const stored = ({ bytes, ids, batch, commit }: Part): StoredPart => ({ bytes, ids, batch, commit })

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
      all[index] = isMissing ? { bytes: null, ids: null, batch: 0, commit: false } : { ...part, bytes }
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
