/** IndexedDB through idb-keyval, opened at the first use: in a browser that blocks it the very call throws. */
import { createStore, del, get, set, type UseStore } from 'idb-keyval'
import type { Records } from './settings.ts'

export const createRecords = (name: string): Records => {
  let store: UseStore | null = null
  const opened = (): UseStore => {
    store ??= createStore(name, 'records')
    return store
  }
  return {
    get: (key) => get(key, opened()),
    set: (key, value) => set(key, value, opened()),
    del: (key) => del(key, opened()),
  }
}
