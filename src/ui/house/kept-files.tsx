/** What the browser keeps beside the projects: runtimes, parts of downloads, the page itself; each with its size and its end. */
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { KeptFiles as Kept } from '../../sdk/types.ts'
import { formatBytes, messageOf, plural } from '../format.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'

const TITLES: Record<Kept['kind'], string> = {
  runtimes: 'Runtimes',
  partial: 'A part of a download',
  page: 'This page, to start offline',
}
const WORDS: Record<Kept['kind'], string> = {
  runtimes: 'Programs in those languages fetch theirs again when they next run.',
  partial: 'It goes on from there when the runtime is asked for again.',
  page: 'It is fetched again at the next visit; until then the page needs a connection.',
}

/** What is kept by kind, read anew on request; null while nobody knows. */
export const useKept = (): { kept: Signal<readonly Kept[] | null>; refresh(): Promise<void> } => {
  const { wasmrun } = useUi()
  const kept = useSignal<readonly Kept[] | null>(null)
  const refresh = async (): Promise<void> => {
    // a browser that keeps nothing has nothing to list; the page says so above
    kept.value = await wasmrun.storage.kept().catch(() => [])
  }
  useEffect(() => void refresh(), [])
  return { kept, refresh }
}

export const KeptFiles = ({ kept, changed }: { kept: readonly Kept[]; changed(): Promise<void> }) => {
  const { wasmrun, stores } = useUi()
  const forget = async (id: string): Promise<void> => {
    try {
      await wasmrun.storage.forget(id)
    } catch (error) {
      stores.notices.apply({ type: 'toast', kind: 'fault', text: `It was not deleted: ${messageOf(error)}` })
    }
    await changed()
  }
  return (
    <ul class="things">
      {kept.map(({ kind, id, bytes, files }) => (
        <li key={id} data-testid="kept-row" data-kind={kind}>
          <Icon name={kind === 'page' ? 'file' : 'mark'} />
          <span class="grow">
            <b>{TITLES[kind]}</b>
            <small>
              {formatBytes(bytes)}, {plural(files, 'file')}. {WORDS[kind]}
            </small>
          </span>
          <button
            type="button"
            class="btn small danger"
            aria-label={`Delete: ${TITLES[kind]}`}
            onClick={() => void forget(id)}
          >
            Delete
          </button>
        </li>
      ))}
    </ul>
  )
}
