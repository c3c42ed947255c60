/** For tests: a store over a Map, with IndexedDB's order of keys, copies instead of references, and failures on demand. */
import { ERRNO, SysError } from '../abi/errno.ts'
import { type Key, NO_ROOM, type Range, type Store } from './store.ts'

export interface TestStore extends Store {
  records: Map<string, unknown>
  /** Bytes that fit; the rest is refused as a full disk does it. */
  room: number
  /** Steps until one fails like a crash: nothing of it, and nothing after it, is written. −1: never. */
  crashAfter: number
}

type Part = string | number | Part[]

const rank = (value: Part): number => (typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : 2)

/** IndexedDB's order: numbers, strings, arrays; arrays element by element. */
const compare = (a: Part, b: Part): number => {
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (!Array.isArray(a) || !Array.isArray(b)) return a < b ? -1 : a > b ? 1 : 0
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compare(a[index] ?? 0, b[index] ?? 0)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const bytesOf = (value: unknown): number => {
  if (value instanceof ArrayBuffer) return value.byteLength
  if (value instanceof Blob) return value.size
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 8
  return Object.values(value).reduce((sum: number, each) => sum + bytesOf(each), 0)
}

export const createTestStore = (): TestStore => {
  let crashed = false
  const keys = (range: Range): Key[] =>
    [...store.records.keys()]
      .map((key) => JSON.parse(key) as Key)
      .filter((key) => compare(key, range[0] as Part) >= 0 && compare(key, range[1] as Part) < 0)
      .sort(compare)
  const store: TestStore = {
    records: new Map(),
    room: Number.POSITIVE_INFINITY,
    crashAfter: -1,
    get: async (key) => structuredClone(store.records.get(JSON.stringify(key))),
    list: async (range, most) =>
      keys(range)
        .slice(0, most)
        .map((key) => [key, structuredClone(store.records.get(JSON.stringify(key)))]),
    step: async (key, decide) => {
      const step = decide(structuredClone(store.records.get(JSON.stringify(key))))
      if (store.crashAfter === 0) crashed = true
      if (crashed) throw new Error('the browser is gone')
      store.crashAfter--
      const after = new Map(store.records)
      for (const range of step.remove) for (const each of keys(range)) after.delete(JSON.stringify(each))
      for (const [each, value] of step.put) after.set(JSON.stringify(each), structuredClone(value))
      const bytes = [...after.values()].reduce((sum: number, each) => sum + bytesOf(each), 0)
      if (bytes > store.room) throw new SysError(ERRNO.DQUOT, '', NO_ROOM)
      store.records = after
      return step.result
    },
  }
  return store
}
