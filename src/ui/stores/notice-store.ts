/**
 * What went wrong or is worth a word, each with what can be done: cards where something is waited for, toasts elsewhere.
 *
 * Invariant: at most TOASTS_MAX toasts; one card at a time, the newest; faults stay until they are put away.
 */
import { type ReadonlySignal, signal } from '@preact/signals'

export const TOASTS_MAX = 3
/** Milliseconds a toast that is no fault stays: time to read two short sentences. */
export const TOAST_LIFE = 6000

export interface NoticeAction {
  label: string
  primary?: boolean
  run(): void
}

export interface Card {
  title: string
  /** Pairs of a short heading and a sentence: 'Cause', 'Next'. */
  facts: readonly { name: string; text: string }[]
  actions: readonly NoticeAction[]
  /** What the program or the machine said, word for word, or ''. */
  detail: string
}

export interface Toast {
  id: number
  kind: 'live' | 'info' | 'fault'
  text: string
}

export type NoticeEvent =
  | { type: 'card'; card: Card }
  | { type: 'card-away' }
  | { type: 'toast'; kind: Toast['kind']; text: string }
  | { type: 'toast-away'; id: number }

export interface NoticeStore {
  readonly card: ReadonlySignal<Card | null>
  readonly toasts: ReadonlySignal<readonly Toast[]>
  apply(event: NoticeEvent): void
}

/** @param later calls back after so many milliseconds */
export const createNoticeStore = (
  later: (callback: () => void, milliseconds: number) => void,
): NoticeStore => {
  const card = signal<Card | null>(null)
  const toasts = signal<readonly Toast[]>([])
  let next = 1
  const away = (id: number): void => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }
  return {
    card,
    toasts,
    apply(event) {
      if (event.type === 'card') card.value = event.card
      else if (event.type === 'card-away') card.value = null
      else if (event.type === 'toast-away') away(event.id)
      else {
        const id = next++
        toasts.value = [...toasts.value, { id, kind: event.kind, text: event.text }].slice(-TOASTS_MAX)
        if (event.kind !== 'fault') later(() => away(id), TOAST_LIFE)
      }
    },
  }
}
