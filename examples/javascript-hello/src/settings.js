// `qjs:std` is QuickJS's own module for files; there is one in every qjs.
import * as std from 'qjs:std'

/** Reads the settings of the maze. A number after the program's name takes the place of the seed. */
export function readSettings(path) {
  const text = std.loadFile(path)
  if (text === null) throw new Error(`${path} is missing`)
  const { width, height, seed } = JSON.parse(text)
  if (!(width >= 2 && height >= 2)) throw new Error(`${path}: width and height should be 2 or more`)
  return { width, height, seed: Number(globalThis.scriptArgs?.[1] ?? seed) }
}
