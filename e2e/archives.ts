/** Archives that hostile or broken tools make, built with fflate and, where that would not do it, by changing bytes. */
import { zipSync } from 'fflate'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
/** Info-ZIP: the upper half of the attributes is the Unix mode. */
const SYMLINK = { os: 3, attrs: (0o120777 << 16) >>> 0 }
const LOCAL_SIZE_AT = 22
const CENTRAL_SIZE_AT = 24

/** A Python program of one line, with hostile neighbours. */
export const hostileZip = (): Uint8Array =>
  zipSync({
    'main.py': text('import os\nprint("safe", sorted(os.listdir(".")))\n'),
    '../evil.txt': text('evil'),
    'a/../../evil2.txt': text('evil'),
    '/etc/absolute.txt': text('evil'),
    'C:\\windows.txt': text('evil'),
    'link-out': [text('/etc/passwd'), SYMLINK],
    'link-up': [text('../../../secret'), SYMLINK],
    'link-in': [text('main.py'), SYMLINK],
  })

/** 40 MB of zeros in 40 KB, beside a program. */
export const bombZip = (): Uint8Array =>
  zipSync({ 'main.py': text('print("safe")\n'), 'bomb.bin': new Uint8Array(40_000_000) })

/** Says that its file has 1000 bytes, and has four million. */
export const lyingZip = (): Uint8Array => {
  const zip = zipSync({ 'data.bin': new Uint8Array(4_000_000).fill(7) })
  const view = new DataView(zip.buffer, zip.byteOffset)
  for (let at = 0; at + 4 <= zip.length; at++) {
    const signature = view.getUint32(at, true)
    if (signature === 0x04034b50) view.setUint32(at + LOCAL_SIZE_AT, 1000, true)
    if (signature === 0x02014b50) view.setUint32(at + CENTRAL_SIZE_AT, 1000, true)
  }
  return zip
}

/** One text of that many megabytes, beside a program: long to unpack, and no bomb. */
export const bigZip = (megabytes: number): Uint8Array => {
  const line = (n: number): string => `${n} ${(n * 2654435761) % 4294967296} is a line of a log\n`
  const block = text(Array.from({ length: 20_000 }, (_, n) => line(n)).join(''))
  const log = new Uint8Array(megabytes * 1_000_000)
  for (let at = 0; at < log.length; at += block.length) log.set(block.subarray(0, log.length - at), at)
  return zipSync({ 'main.js': text('console.log("small")\n'), 'big.log': log }, { level: 1 })
}

export const truncatedZip = (): Uint8Array => {
  const zip = zipSync({ 'main.py': text('print("never")\n'.repeat(100)) })
  return zip.subarray(0, zip.length - 40)
}

export const goodZip = (files: Record<string, string>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, words]) => [name, text(words)])))
