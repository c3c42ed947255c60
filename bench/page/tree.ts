/** Trees of files that every candidate gets alike; the same seed gives the same bytes. */
export type Tree = { [name: string]: Uint8Array<ArrayBuffer> | Tree }

/** Numbers in [0, 1), the same every time (mulberry32). */
const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Spread of the sizes: most sources are short, a few are long. */
const SIGMA = 1.1
const FILES_PER_FOLDER = 100

/** `count` files of `mean` bytes on average (log-normal, as source trees are), in folders of a hundred. */
export const sourceTree = (count: number, mean: number): { tree: Tree; bytes: number } => {
  const next = random(count)
  const tree: Tree = {}
  let bytes = 0
  let folder: Tree = {}
  for (let index = 0; index < count; index++) {
    if (index % FILES_PER_FOLDER === 0) {
      folder = {}
      tree[`folder-${index / FILES_PER_FOLDER}`] = folder
    }
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    const size = Math.round(mean * Math.exp(SIGMA * normal - SIGMA ** 2 / 2))
    folder[`module_${index}.py`] = new Uint8Array(size).fill(32 + (index % 90))
    bytes += size
  }
  return { tree, bytes }
}
