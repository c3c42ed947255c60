/** What lies over the page; each is fetched when it is first asked for. */

import { Palette } from '../commands/palette.tsx'
import { isMac } from '../commands/platform.ts'
import { keysText, PART_KEYS, SHORTCUTS } from '../keys.ts'
import { LeftOutDialog } from '../moments/left-out.tsx'
import type { DialogName } from '../stores/dialog-store.ts'
import { useUi } from '../ui.ts'
import { Dialog } from './dialog.tsx'
import { lazy } from './lazy.tsx'

const House = lazy(async () => (await import('../house/house.tsx')).House, 'the settings')

const Shortcuts = ({ close }: { close(): void }) => (
  <Dialog
    title="Shortcuts"
    close={close}
    footer={
      <button type="button" class="btn go" data-safe onClick={close}>
        Close
      </button>
    }
  >
    <dl class="shortcuts">
      {[...SHORTCUTS, ...PART_KEYS].map(({ keys, words }) => (
        <>
          <dt>
            <kbd>{keysText(keys, isMac)}</kbd>
          </dt>
          <dd>{words}</dd>
        </>
      ))}
    </dl>
  </Dialog>
)

export const Dialogs = ({ name }: { name: DialogName }) => {
  const { stores } = useUi()
  const close = (): void => stores.dialogs.apply({ type: 'close' })
  if (name === 'shortcuts') return <Shortcuts close={close} />
  if (name === 'palette') return <Palette key="commands" kind="commands" close={close} />
  if (name === 'go-to-file') return <Palette key="files" kind="files" close={close} />
  if (name === 'left-out')
    return <LeftOutDialog entries={stores.project.project.value?.leftOut ?? []} close={close} />
  return <House tab={name} close={close} />
}
