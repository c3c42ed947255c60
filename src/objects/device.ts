/**
 * Character devices whose whole behaviour is a line of code: null, zero, full, random. /dev/tty, stdin, stdout and stderr are
 * other open files by another name; stream.ts resolves them when they are opened.
 */
import { ERRNO } from '../abi/errno.ts'
import { DEVICE } from '../vfs/types.ts'
import { type Spans, scatter, spansTotal } from './spans.ts'

/** getRandomValues gives at most this much, and refuses memory that is shared. */
const RANDOM_BYTES = 65536
const fill = crypto.getRandomValues.bind(crypto)

export const readDevice = (device: number, spans: Spans): number => {
  if (device === DEVICE.ZERO || device === DEVICE.FULL) return readZeros(spans)
  if (device === DEVICE.RANDOM) return readRandom(spans)
  return device === DEVICE.NULL ? 0 : -ERRNO.NXIO
}

export const writeDevice = (device: number, spans: Spans, skip: number): number => {
  if (device === DEVICE.FULL) return -ERRNO.NOSPC
  const isSink = device === DEVICE.NULL || device === DEVICE.ZERO || device === DEVICE.RANDOM
  return isSink ? spansTotal(spans) - skip : -ERRNO.NXIO
}

const readZeros = (spans: Spans): number => {
  for (let index = 0; index < spans.count; index++) {
    const start = spans.starts[index] ?? 0
    spans.bytes.fill(0, start, start + (spans.lengths[index] ?? 0))
  }
  return spansTotal(spans)
}

const readRandom = (spans: Spans): number => {
  const total = spansTotal(spans)
  const chunk = new Uint8Array(Math.min(total, RANDOM_BYTES))
  for (let done = 0; done < total; done += chunk.length) {
    fill(chunk)
    scatter(spans, done, Math.min(chunk.length, total - done), chunk, 0)
  }
  return total
}
