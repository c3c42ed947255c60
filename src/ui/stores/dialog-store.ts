/** Which dialog lies over the page. Invariant: at most one. */
import { type ReadonlySignal, signal } from '@preact/signals'

export type DialogName =
  | 'palette'
  | 'go-to-file'
  | 'shortcuts'
  | 'left-out'
  | 'settings'
  | 'runtimes'
  | 'storage'

export interface DialogStore {
  readonly open: ReadonlySignal<DialogName | null>
  apply(event: { type: 'open'; name: DialogName } | { type: 'close' }): void
}

export const createDialogStore = (): DialogStore => {
  const open = signal<DialogName | null>(null)
  return {
    open,
    apply(event) {
      open.value = event.type === 'open' ? event.name : null
    },
  }
}
