/** Names as bytes: hash, comparison, UTF-8. */
const PRIME = 0x01000193
const SEED = 0x9e3779b1 | 0

/** A hash begins with its directory, so that equal names of different directories fall apart. */
export const hashBegin = (directory: number): number => Math.imul(directory, SEED)
export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, PRIME)
export const hashEnd = (hash: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 15), SEED)
  return mixed ^ (mixed >>> 13)
}

export const hashName = (directory: number, bytes: Uint8Array, at: number, length: number): number => {
  let hash = hashBegin(directory)
  for (let index = at; index < at + length; index++) hash = hashByte(hash, bytes[index]!)
  return hashEnd(hash)
}

export const isSame = (a: Uint8Array, at: number, b: Uint8Array, bt: number, length: number): boolean => {
  for (let index = 0; index < length; index++) if (a[at + index] !== b[bt + index]) return false
  return true
}

/** Well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
export const isUtf8 = (bytes: Uint8Array, from: number, to: number): boolean => {
  let at = from
  while (at < to) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at++
      continue
    }
    const more = continuations(lead)
    if (more === 0 || at + more >= to) return false
    const second = bytes[at + 1]!
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) return false
    for (let index = 2; index <= more; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return false
    at += more + 1
  }
  return true
}

/** Bytes that follow a leading byte; 0 when it cannot lead. */
const continuations = (lead: number): number => {
  if (lead < 0xc2 || lead > 0xf4) return 0
  return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3
}
