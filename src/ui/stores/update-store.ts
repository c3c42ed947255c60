/** Whether the page works without a network, and whether a newer one waits. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { UpdateState } from '../../sdk/types.ts'

export interface UpdateStore {
  readonly state: ReadonlySignal<UpdateState | null>
  /** The user does not want it now. */
  readonly isPutOff: ReadonlySignal<boolean>
  apply(event: { type: 'state'; state: UpdateState } | { type: 'later' }): void
}

export const createUpdateStore = (): UpdateStore => {
  const state = signal<UpdateState | null>(null)
  const isPutOff = signal(false)
  return {
    state,
    isPutOff,
    apply(event) {
      if (event.type === 'later') isPutOff.value = true
      else {
        if (event.state.waiting && !state.value?.waiting) isPutOff.value = false
        state.value = event.state
      }
    },
  }
}
