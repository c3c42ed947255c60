/** Mirrors that the user added: where runtimes come from beside this site, what each offers, what is wrong with it. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { RuntimeSource } from '../../abi/control.ts'
import { messageOf } from '../format.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'

/** 'mirror.example/hub' of an address, for the eye. */
export const hubName = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '')

const wordsOf = ({ offers, problems }: RuntimeSource): string =>
  problems.length > 0
    ? problems.join(' ')
    : offers.length > 0
      ? `Offers ${offers.join(', ')}.`
      : 'Offers nothing that runs here.'

export const Mirrors = ({ changed }: { changed(): void }) => {
  const { wasmrun } = useUi()
  const sources = useSignal<readonly RuntimeSource[]>([])
  const url = useSignal('')
  const problem = useSignal('')
  const isAsking = useSignal(false)
  const list = async (): Promise<void> => {
    sources.value = await wasmrun.runtimes.sources().catch((error: unknown) => {
      problem.value = `The mirrors could not be listed: ${messageOf(error)}`
      return []
    })
  }
  useEffect(() => void list(), [])
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    if (isAsking.value) return
    isAsking.value = true
    problem.value = ''
    try {
      await work()
      await list()
      changed()
    } catch (error) {
      problem.value = messageOf(error)
    } finally {
      isAsking.value = false
    }
  }
  const add = (): Promise<void> =>
    act(async () => {
      if (url.value.trim() === '') throw new Error('Type the address of its folder or of its manifest.json.')
      await wasmrun.runtimes.addSource(url.value.trim())
      url.value = ''
    })
  return (
    <section aria-label="Mirrors" class="mirrors">
      <h3>Mirrors</h3>
      <p>
        A mirror adds names and versions and replaces none. Its files are checked like all others; whoever
        adds it trusts that its programs do what they say.
      </p>
      <ul class="things">
        {sources.value.map((source) => (
          <li key={source.url} data-testid="mirror-row">
            <Icon name="dl" />
            <span class="grow">
              <b class="mono">{hubName(source.url)}</b>
              <small class={source.problems.length > 0 ? 'problem' : ''}>{wordsOf(source)}</small>
            </span>
            <button
              type="button"
              class="btn small danger"
              aria-label={`Remove the mirror ${hubName(source.url)}`}
              onClick={() => void act(() => wasmrun.runtimes.removeSource(source.url))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <form
        class="rename"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <input
          class="mono"
          type="text"
          inputMode="url"
          aria-label="Address of a mirror"
          aria-invalid={problem.value !== ''}
          placeholder="https://mirror.example/hub/"
          spellcheck={false}
          autocomplete="off"
          value={url.value}
          onInput={(event) => {
            url.value = event.currentTarget.value
          }}
        />
        <button type="submit" class="btn" aria-disabled={isAsking.value}>
          {isAsking.value ? 'Asking it…' : 'Add'}
        </button>
      </form>
      {problem.value ? (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      ) : null}
    </section>
  )
}
