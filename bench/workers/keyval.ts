/** idb-keyval with one record per file, in a worker of its own: what the log and the checkpoint are compared with. */
import { clear, createStore, entries, setMany } from 'idb-keyval'
import { sourceTree, type Tree } from '../page/tree.ts'

const store = createStore('bench-keyval', 'files')

const flatten = (tree: Tree, prefix: string, into: [string, Uint8Array][]): [string, Uint8Array][] => {
  for (const [name, node] of Object.entries(tree)) {
    if (node instanceof Uint8Array) into.push([prefix + name, node])
    else flatten(node, `${prefix}${name}/`, into)
  }
  return into
}

/** { save: files, mean } or { load: true }; answers with milliseconds. */
self.onmessage = async ({ data }: MessageEvent<{ save?: number; mean?: number; load?: boolean }>) => {
  if (data.save) {
    const files = flatten(sourceTree(data.save, data.mean ?? 0).tree, '', [])
    await clear(store)
    const start = performance.now()
    await setMany(files, store)
    self.postMessage({ milliseconds: performance.now() - start, files: files.length })
  }
  if (data.load) {
    const start = performance.now()
    const files = await entries<string, Uint8Array>(store)
    const milliseconds = performance.now() - start
    let bytes = 0
    for (const [, content] of files) bytes += content.length
    self.postMessage({ milliseconds, files: files.length, bytes })
  }
}
