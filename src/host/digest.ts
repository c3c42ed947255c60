/**
 * What bytes are: their SHA-256, and what is inside a gzip. Web Crypto hashes a whole buffer at once and not a stream, so
 * an asset is held in memory while it is checked.
 */
export type Bytes = Uint8Array<ArrayBuffer>

/** Lower-case hex. */
export const sha256 = async (subtle: SubtleCrypto, bytes: Bytes): Promise<string> => {
  const sum = new Uint8Array(await subtle.digest('SHA-256', bytes))
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A gzip stream (RFC 1952) of known content. Null when it is broken or unpacks to another size. */
export const gunzip = async (packed: Bytes, size: number): Promise<Bytes | null> => {
  const bytes = new Uint8Array(size)
  const source = new ReadableStream<Bytes>({
    start: (controller) => {
      controller.enqueue(packed)
      controller.close()
    },
  })
  const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader()
  let at = 0
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (at + part.value.length > size) return null
      bytes.set(part.value, at)
      at += part.value.length
    }
  } catch {
    return null
  } finally {
    void reader.cancel().catch(() => {})
  }
  return at === size ? bytes : null
}
