/** Where a project's records lie in the store, and what is done with them as a whole: read in chunks, copied, removed. */
import { CHUNK_PARTS, type PartChunk } from '../abi/project.ts'
import { readBytes } from '../lib/bytes.ts'
import type { Ownership } from './ownership.ts'
import { type Meta, parsePart } from './project-records.ts'
import { beneath, type Key, type Range, type Store } from './store.ts'

export const metaKey = (id: string): Key => ['meta', id]

export const everything = (id: string): Range[] => [
  [metaKey(id), [...metaKey(id), []]],
  beneath('base', id),
  beneath('log', id),
]

/** What belongs neither to the checkpoint nor to the log: broken-off checkpoints, and what a switch has replaced. */
export const leftovers = ({ id, generation, from, next }: Meta): Range[] => [
  [
    ['base', id],
    ['base', id, generation],
  ],
  [
    ['base', id, generation + 1],
    ['base', id, []],
  ],
  [
    ['log', id],
    ['log', id, from],
  ],
  [
    ['log', id, next],
    ['log', id, []],
  ],
]

/** With heads, and bodies as they are stored. `from` counts the checkpoint's parts and then the log's. What is not there is said to be missing. */
export const readChunk = async (store: Store, meta: Meta, from: number): Promise<PartChunk> => {
  const { id, generation, baseParts } = meta
  const total = baseParts + meta.next - meta.from
  const to = Math.min(from + CHUNK_PARTS, total)
  const baseKey = (index: number): Key => ['base', id, generation, index]
  const logKey = (index: number): Key => ['log', id, meta.from + index - baseParts]
  const list = async (
    key: (index: number) => Key,
    first: number,
    end: number,
  ): Promise<Map<string, unknown>> => {
    const rows = first < end ? await store.list([key(first), key(end)], CHUNK_PARTS) : []
    return new Map(rows.map(([at, value]) => [JSON.stringify(at), value]))
  }
  const [base, log] = await Promise.all([
    list(baseKey, from, Math.min(to, baseParts)),
    list(logKey, Math.max(from, baseParts), to),
  ])
  const parts = Array.from({ length: Math.max(0, to - from) }, async (_, offset) => {
    const index = from + offset
    const isBase = index < baseParts
    const value = isBase ? base.get(JSON.stringify(baseKey(index))) : log.get(JSON.stringify(logKey(index)))
    const part = parsePart(value)
    return { ...part, isBase, bytes: await readBytes(part.bytes) }
  })
  return { parts: await Promise.all(parts), next: to < total ? to : null, total }
}

/** Copies what is stored under a hidden record that is shown when all is there. A source that changes meanwhile is read again. */
export const copy = async (
  store: Store,
  ownership: Ownership,
  source: () => Promise<Meta>,
  target: Meta,
): Promise<Meta> => {
  const put = (records: [Key, unknown][], remove: Range[] = []): Promise<void> =>
    store.step(metaKey(target.id), () => ({ put: records, remove, result: undefined }))
  await ownership.acquire(target.id, false)
  try {
    await put([[metaKey(target.id), target]])
    for (;;) {
      const from = await source()
      await put([], [beneath('base', target.id), beneath('log', target.id)])
      await copyParts(store, from, target.id, put)
      const after = await source()
      if (after.generation !== from.generation) continue
      const { id, name, created } = target
      const done: Meta = { ...from, id, name, created, opened: 0, owner: '', isHidden: false }
      await put([[metaKey(id), done]])
      return done
    }
  } catch (error) {
    await store.step(metaKey(target.id), () => ({
      put: [],
      remove: everything(target.id),
      result: undefined,
    }))
    throw error
  } finally {
    ownership.release(target.id)
  }
}

const copyParts = async (
  store: Store,
  from: Meta,
  to: string,
  put: (records: [Key, unknown][]) => Promise<void>,
): Promise<void> => {
  const ranges: [first: Key, count: number][] = [
    [['base', from.id, from.generation, 0], from.baseParts],
    [['log', from.id, from.from], from.next - from.from],
  ]
  for (const [first, count] of ranges) {
    const at = Number(first.at(-1))
    for (let done = 0; done < count; done += CHUNK_PARTS) {
      const key = (index: number): Key => [...first.slice(0, -1), at + index]
      const end = Math.min(done + CHUNK_PARTS, count)
      const rows = await store.list([key(done), key(end)], CHUNK_PARTS)
      await put(
        rows.flatMap(([each, value]): [Key, unknown][] => {
          const [table, , ...rest] = each as Key
          return [[[table ?? '', to, ...rest], value]]
        }),
      )
    }
  }
}
