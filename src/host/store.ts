/**
 * Records in IndexedDB, through idb-keyval's custom stores: one database with one table, keys are arrays. Two things that
 * idb-keyval's own store lacks: transactions with relaxed durability that read, decide and write in one step, and a word when
 * the browser closes the database under us because its storage was cleared.
 */
import { promisifyRequest, type UseStore } from 'idb-keyval'
import { ERRNO, SysError } from '../abi/errno.ts'

export type Key = (string | number)[]
/** From the first key up to, but without, the second. */
export type Range = readonly [from: IDBValidKey, to: IDBValidKey]

export interface Step<T> {
  put: [Key, unknown][]
  remove: Range[]
  result: T
}

export interface Store {
  get(key: Key): Promise<unknown>
  /** At most that many records, in the order of their keys. */
  list(range: Range, most: number): Promise<[IDBValidKey, unknown][]>
  /**
   * Reads a record and writes what `decide` makes of it, all or nothing. Removals come first. What `decide` throws is thrown.
   * @throws SysError EDQUOT when the browser has no room
   */
  step<T>(key: Key, decide: (value: unknown) => Step<T>): Promise<T>
}

const TABLE = 'records'

/** Everything that begins with these words. */
export const beneath = (...words: Key): Range => [words, [...words, []]]

/** @param onClosed the browser has closed the database, which it does when storage is cleared */
export const createStore = (name: string, onClosed: () => void = () => {}): Store => {
  let opening: Promise<IDBDatabase> | null = null
  const lost = (db: IDBDatabase): void => {
    db.close()
    opening = null
    onClosed()
  }
  const open = (): Promise<IDBDatabase> => {
    opening ??= promisifyRequest(request(name)).then(
      (db) => {
        db.onclose = () => lost(db)
        db.onversionchange = () => lost(db)
        return db
      },
      (error: unknown) => {
        opening = null
        throw error
      },
    )
    return opening
  }
  const begin = async (mode: IDBTransactionMode): Promise<IDBTransaction> => {
    const db = await open()
    try {
      return db.transaction(TABLE, mode, { durability: 'relaxed' })
    } catch {
      // Closed without a word: once more with a new connection.
      if (opening) lost(db)
      return (await open()).transaction(TABLE, mode, { durability: 'relaxed' })
    }
  }
  const use: UseStore = async (mode, work) => work((await begin(mode)).objectStore(TABLE))
  return {
    get: (key) => use('readonly', (table) => promisifyRequest(table.get(key))).catch(refuse),
    list: (range, most) =>
      use('readonly', async (table) => {
        const within = IDBKeyRange.bound(...range, false, true)
        const answers = [table.getAllKeys(within, most), table.getAll(within, most)] as const
        const [keys, values] = await Promise.all([promisifyRequest(answers[0]), promisifyRequest(answers[1])])
        return keys.map((key, index): [IDBValidKey, unknown] => [key, values[index]])
      }).catch(refuse),
    step: (key, decide) => use('readwrite', (table) => stepIn(table, key, decide)).catch(refuse),
  }
}

const request = (name: string): IDBOpenDBRequest => {
  const opened = indexedDB.open(name)
  opened.onupgradeneeded = () => void opened.result.createObjectStore(TABLE)
  return opened
}

const stepIn = <T>(table: IDBObjectStore, key: Key, decide: (value: unknown) => Step<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const { transaction } = table
    let result: { value: T } | null = null
    transaction.oncomplete = () =>
      result ? resolve(result.value) : reject(new Error('the transaction did nothing'))
    transaction.onabort = () => reject(transaction.error ?? new SysError(ERRNO.IO, 'IndexedDB'))
    const asked = table.get(key)
    asked.onsuccess = () => {
      try {
        const step = decide(asked.result)
        for (const range of step.remove) table.delete(IDBKeyRange.bound(...range, false, true))
        for (const [at, value] of step.put) table.put(value, at)
        result = { value: step.result }
      } catch (error) {
        reject(error)
        transaction.abort()
      }
    }
  })

export const NO_ROOM = 'the browser has no room left for this site; free some, or allow the site more'

const refuse = (error: unknown): never => {
  if (error instanceof DOMException && error.name === 'QuotaExceededError')
    throw new SysError(ERRNO.DQUOT, '', NO_ROOM)
  throw error
}
