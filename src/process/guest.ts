/**
 * The guest's own wasm memory, as the imports see it: views that are made anew when it has grown, and bounds checks so that a
 * bad pointer is EFAULT and never a host exception.
 *
 * Invariant: `refresh` is called at the start of every import; growth detaches the old buffer, so a view of length 0 is stale.
 */
const HIGH = 2 ** 32

export interface Guest {
  u8: Uint8Array
  view: DataView
  /** Bytes. */
  size: number
  refresh(): void
  setMemory(memory: WebAssembly.Memory): void
}

export const createGuest = (): Guest => {
  let memory: WebAssembly.Memory | null = null
  let isShared = false
  const renew = (): void => {
    if (!memory) return
    const buffer = memory.buffer
    if (guest.u8.buffer === buffer && guest.size === buffer.byteLength) return
    guest.u8 = new Uint8Array(buffer)
    guest.view = new DataView(buffer)
    guest.size = buffer.byteLength
  }
  const guest: Guest = {
    u8: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    size: 0,
    refresh: () => {
      // A shared memory grows without detaching what came before.
      if (guest.u8.length === 0 || isShared) renew()
    },
    setMemory: (next) => {
      memory = next
      isShared = typeof SharedArrayBuffer === 'function' && next.buffer instanceof SharedArrayBuffer
      renew()
    },
  }
  return guest
}

/** Whether [at, at + length) lies within the memory. Both are unsigned. */
export const fits = (guest: Guest, at: number, length: number): boolean => at + length <= guest.size

/** Writes a number up to 2^53 as u64. */
export const putU64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, value % HIGH, true)
  view.setUint32(at + 4, Math.floor(value / HIGH), true)
}

/** Reads a u64 as a number; what is above 2^53 loses its low bits, which no size or time of ours needs. */
export const getU64 = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true)
