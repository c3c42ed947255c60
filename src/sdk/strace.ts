/**
 * Calls of traced processes, one stream per process. A process that is traced from its start may be read later: what it has
 * done meanwhile is kept, up to a bound, and what was lost is told in its place.
 *
 * Invariant: a process is traced while somebody reads it, or because it was spawned so; the kernel is told when the reader goes.
 */
import type { KernelEvent, TraceEntry } from '../abi/control.ts'

type StraceEvent = Extract<KernelEvent, { type: 'strace' }>

/** Calls kept for a reader that is slow or yet to come. */
const MOST_KEPT = 20_000

/** Processes that have ended and whose calls nobody has read yet. */
const MOST_UNREAD = 16

interface Track {
  kept: TraceEntry[]
  lost: number
  isOver: boolean
  wasHeard: boolean
  hasReader: boolean
  wake: () => void
}

export interface Straces {
  /** The stream of a process; asking starts it. It ends with the process. */
  read(pid: number): ReadableStream<TraceEntry>
  /** Calls of a process that was asked for by its pid, or spawned so: kept until they are read. */
  heard(event: StraceEvent): void
  ended(pid: number): void
}

/** @param trace asks the kernel; refused for a process that is gone */
export const createStraces = (trace: (pid: number, on: boolean) => Promise<void>): Straces => {
  const tracks = new Map<number, Track>()
  const keep = (pid: number): Track => {
    const track = tracks.get(pid) ?? {
      kept: [],
      lost: 0,
      isOver: false,
      wasHeard: false,
      hasReader: false,
      wake: () => {},
    }
    tracks.set(pid, track)
    return track
  }
  const next = (track: Track): TraceEntry | undefined => {
    if (track.lost > 0 && track.kept.length === 0) {
      const text = `… ${track.lost} calls were lost: there were more than could be read`
      track.lost = 0
      return { time: Date.now(), micros: 0, call: '', import: '', text }
    }
    return track.kept.shift()
  }
  return {
    heard: ({ pid, entries, lost }) => {
      const track = keep(pid)
      const room = Math.max(0, MOST_KEPT - track.kept.length)
      track.kept.push(...entries.slice(0, room))
      track.wasHeard = true
      track.lost += lost + Math.max(0, entries.length - room)
      track.wake()
    },
    ended: (pid) => {
      const track = tracks.get(pid)
      if (!track) return
      track.isOver = true
      track.wake()
      if (track.hasReader || track.kept.length === 0) tracks.delete(pid)
      const unread = [...tracks].filter(([, { isOver, hasReader }]) => isOver && !hasReader)
      for (const [old] of unread.slice(0, -MOST_UNREAD)) tracks.delete(old)
    },
    read: (pid) => {
      const track = keep(pid)
      track.hasReader = true
      return new ReadableStream<TraceEntry>(
        {
          start: async (controller) => {
            if (track.isOver) return
            await trace(pid, true).catch((error: unknown) => {
              // It was traced from its start, and has ended by now: what it did is there, or on its way.
              if (track.isOver || track.wasHeard) return
              tracks.delete(pid)
              controller.error(error)
            })
          },
          pull: async (controller) => {
            for (;;) {
              const entry = next(track)
              if (entry) return controller.enqueue(entry)
              if (track.isOver) {
                tracks.delete(pid)
                return controller.close()
              }
              await new Promise<void>((resolve) => {
                track.wake = resolve
              })
            }
          },
          cancel: async () => {
            tracks.delete(pid)
            // It may have ended just now.
            await trace(pid, false).catch(() => {})
          },
        },
        { highWaterMark: 0 },
      )
    },
  }
}
