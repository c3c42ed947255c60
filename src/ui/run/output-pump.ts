/**
 * Carries a process's output into the console without ever holding the page: what a frame may spend is bounded for all
 * processes together, the rest waits in the machine, where the writer is then held back.
 */
import type { Output } from '../../sdk/types.ts'

/** Bytes of output taken per frame, all processes together: about 4 ms of parsing on a slow laptop. */
export const FRAME_BYTES = 128 * 1024
/** Milliseconds after which work goes on without a frame: a hidden tab gets none. */
const HIDDEN_FRAME = 250

export interface FrameBudget {
  /** Resolves at once while the frame has room for more, else in the next one. */
  take(bytes: number): Promise<void>
}

/** @param nextFrame resolves when the browser has drawn */
export const createFrameBudget = (nextFrame: () => Promise<void>): FrameBudget => {
  let left = FRAME_BYTES
  let frame: Promise<void> | null = null
  const refill = (): Promise<void> => {
    frame ??= nextFrame().then(() => {
      frame = null
      left = FRAME_BYTES
    })
    return frame
  }
  return {
    async take(bytes) {
      while (left <= 0) await refill()
      left -= bytes
      // whatever was taken, the room comes back with the next frame
      void refill()
    },
  }
}

export const browserFrame = (): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, HIDDEN_FRAME)
    requestAnimationFrame(() => {
      clearTimeout(timer)
      resolve()
    })
  })

/** Reads to the end. Big chunks are cut so that no frame takes more than its share. */
export const pumpOutput = async (
  output: ReadableStream<Output>,
  budget: FrameBudget,
  deliver: (channel: Output['channel'], bytes: Uint8Array) => void,
): Promise<void> => {
  const reader = output.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    for (let at = 0; at < value.bytes.length; at += FRAME_BYTES) {
      const piece = value.bytes.subarray(at, at + FRAME_BYTES)
      await budget.take(piece.length)
      deliver(value.channel, piece)
    }
  }
}
