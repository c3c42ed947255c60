/**
 * What the user has to know or say about the folder: the offer, a folder that was lost, conflicts. A band under the bar, in the page's
 * flow: it stays until it is answered, so it may cover nothing.
 */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { DiskConflict } from '../../abi/disk.ts'
import { openText } from '../files/text.ts'
import { baseName, messageOf } from '../format.ts'
import { lazy } from '../frame/lazy.tsx'
import { Icon } from '../icon.tsx'
import { PROJECT_ROOT } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { LostActs } from './disk-door.tsx'
import { diskWords } from './disk-words.ts'

const Compare = lazy(async () => (await import('../editor/compare.tsx')).Compare, 'the comparison')

/** Conflicts with a card of their own; the door has the others. */
const CARDS_MAX = 2

const Offer = ({ folder }: { folder: string }) => {
  const { disk } = useUi()
  return (
    <div class="news-band" data-testid="disk-offer">
      <Icon name="disk" />
      <p class="grow">{folder} was opened as a copy. Keep it in step with your folder?</p>
      <div class="acts">
        <button type="button" class="btn small go" onClick={() => void disk.connect(false)}>
          Keep in step
        </button>
        <button type="button" class="btn small" onClick={() => void disk.connect(true)}>
          Only follow it
        </button>
        <button type="button" class="btn small" onClick={disk.decline}>
          Stay a copy
        </button>
      </div>
    </div>
  )
}

const Lost = () => {
  const { disk } = useUi()
  const status = disk.status.value
  return (
    <div class="news-band warn" data-testid="disk-lost">
      <Icon name="warn" />
      <p class="grow">{diskWords(status).long}</p>
      <div class="acts">
        <LostActs status={status} close={() => {}} />
      </div>
    </div>
  )
}

const ConflictCard = ({ conflict }: { conflict: DiskConflict }) => {
  const { disk } = useUi()
  const { path, mine } = conflict
  return (
    <div class="news-band warn" data-testid="disk-conflict">
      <Icon name="warn" />
      <p class="grow">
        {path} changed here and on disk. The disk's is in place; yours is beside it as {baseName(mine)}.
      </p>
      <div class="acts">
        <button
          type="button"
          class="btn small go"
          onClick={() => {
            disk.compares.value = conflict
          }}
        >
          Compare
        </button>
        <button type="button" class="btn small" onClick={() => void disk.dismiss(path)}>
          Keep both
        </button>
      </div>
    </div>
  )
}

/** Both versions, and what becomes of them. */
const Settle = ({ conflict }: { conflict: DiskConflict }) => {
  const { disk, wasmrun, files, stores } = useUi()
  const { path, mine } = conflict
  const at = (name: string): string => `${PROJECT_ROOT}/${name}`
  const texts = useSignal<readonly [disk: string, mine: string] | null>(null)
  const close = (): void => {
    disk.compares.value = null
  }
  const fail = (text: string): void => {
    close()
    stores.notices.apply({ type: 'toast', kind: 'fault', text })
  }
  useEffect(() => {
    const read = async (name: string): Promise<string | null> =>
      openText(await wasmrun.fs.readFile(at(name)))?.text ?? null
    Promise.all([read(path), read(mine)]).then(
      ([left, right]) => {
        if (left === null || right === null)
          fail(`${path} is no text. Both versions are in the project: ${path} and ${mine}.`)
        else texts.value = [left, right]
      },
      (error: unknown) => fail(`${path} cannot be compared: ${messageOf(error)}`),
    )
  }, [path, mine])
  const settle = async (whose: 'disk' | 'mine'): Promise<void> => {
    try {
      if (whose === 'mine') await wasmrun.fs.writeFile(at(path), await wasmrun.fs.readFile(at(mine)))
      await wasmrun.fs.rm(at(mine))
      await files.documents.refresh(at(path))
      await disk.dismiss(path)
      close()
    } catch (error) {
      fail(messageOf(error))
    }
  }
  if (!texts.value) return null
  const [left, right] = texts.value
  return (
    <Compare
      title={`${baseName(path)}: the disk's and yours`}
      path={path}
      left={{ label: `${path}, from the disk`, text: left }}
      right={{ label: `${mine}, yours`, text: right }}
      close={close}
      acts={
        <>
          <button type="button" class="btn" onClick={() => void settle('mine')}>
            Put mine in its place
          </button>
          <button type="button" class="btn" onClick={() => void settle('disk')}>
            Keep the disk's, drop mine
          </button>
        </>
      }
    />
  )
}

export const DiskNews = () => {
  const { disk } = useUi()
  const { state, conflicts } = disk.status.value
  const compared = disk.compares.value
  return (
    <div class="disk-news" role="status" aria-live="polite">
      {disk.asks.value && state === 'off' ? <Offer folder={disk.source.value?.name ?? ''} /> : null}
      {state === 'permission' || state === 'vanished' ? <Lost /> : null}
      {conflicts.slice(-CARDS_MAX).map((conflict) => (
        <ConflictCard key={conflict.mine} conflict={conflict} />
      ))}
      {compared ? <Settle key={compared.mine} conflict={compared} /> : null}
    </div>
  )
}
