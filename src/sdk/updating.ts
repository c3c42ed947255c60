/** `wasmrun.updates`: what is known of the site's versions. The work itself (updates.ts) is fetched when the page is at rest. */
import type { MachineScripts } from './machine.ts'
import type { UpdateState, Updates } from './types.ts'
import type { UpdatesPart } from './updates.ts'

/** Between a machine that is ready and the first look at what is to be kept of the page, milliseconds. */
const QUIET_MS = 1000

export interface UpdatingOptions {
  scripts: Pick<MachineScripts, 'service'>
  /** Settles when the machine has booted. */
  ready: Promise<void>
  version: string
  onState(state: UpdateState): void
}

export const createUpdating = ({ scripts, ready, version, onState }: UpdatingOptions): Updates => {
  let current: UpdateState = { version, offline: false, problem: '', waiting: false }
  let loading: Promise<UpdatesPart> | null = null
  const part = (): Promise<UpdatesPart> => {
    loading ??= import('./updates.ts').then(({ createUpdates }) =>
      createUpdates({
        container: scripts.service === null ? undefined : navigator.serviceWorker,
        service: scripts.service ?? '',
        state: current,
        onState: (state) => {
          current = state
          onState(state)
        },
        reload: () => location.reload(),
      }),
    )
    return loading
  }
  const begin = async (): Promise<void> => {
    await ready
    // After the first program has had the line to itself.
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    await (await part()).start()
  }
  // What cannot be fetched now is asked for again by whoever needs it.
  begin().catch(() => {
    loading = null
  })
  return {
    state: () => current,
    check: async () => (await part()).check(),
    accept: async () => (await part()).accept(),
  }
}
