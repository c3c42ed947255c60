/** The door to the disk: a chip in the bar that says how the folder stands; its sheet says it in full and lets the user decide. */
import type { DiskConflict, DiskStatus } from '../../abi/disk.ts'
import { hasFolderPicker } from '../bring/pick.ts'
import { runCommand } from '../commands/commands.ts'
import { formatTime, plural } from '../format.ts'
import { Popover } from '../frame/popover.tsx'
import { adoptStyles } from '../frame/styles.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import styles from './disk.lazy.css'
import { diskWords, noticingText } from './disk-words.ts'
import { pickToConnect } from './pick-to-connect.ts'

adoptStyles(styles)

/** Rows written out; the sheet is no list of everything. */
const SHOWN_MAX = 8

/** No folder yet: what can be done about it. */
const Shut = ({ close }: { close(): void }) => {
  const ui = useUi()
  const { disk } = ui
  const source = disk.source.value
  if (!hasFolderPicker())
    return (
      <>
        <p>
          This browser cannot write to your folders. Drop one here to work on a copy, and save it as a .zip.
        </p>
        <div class="acts">
          <button
            type="button"
            class="btn go"
            onClick={() => {
              close()
              runCommand(ui, 'export')
            }}
          >
            Save as .zip
          </button>
        </div>
      </>
    )
  const connect = (readonly: boolean): void => {
    close()
    if (source) void disk.connect(readonly)
    else void pickToConnect(ui, readonly)
  }
  return (
    <>
      <p>
        {source
          ? `The project is a copy of ${source.name}. What changes here stays in this browser.`
          : 'The project is in this browser only. A folder of your disk can be kept in step with it.'}
      </p>
      <p class="dim">
        In step, what you and your programs change here is written to the folder, and what changes there comes
        in. The first time nothing is removed on either side.
      </p>
      <div class="acts">
        <button type="button" class="btn go" data-testid="keep-in-step" onClick={() => connect(false)}>
          {source ? 'Keep in step' : 'Choose a folder…'}
        </button>
        <button type="button" class="btn" data-testid="follow" onClick={() => connect(true)}>
          {source ? 'Only follow it' : 'Follow one, read-only…'}
        </button>
      </div>
    </>
  )
}

const ConflictRows = ({ conflicts, close }: { conflicts: readonly DiskConflict[]; close(): void }) => {
  const { disk } = useUi()
  if (conflicts.length === 0) return null
  return (
    <section aria-label="Changed on both sides">
      <h3>Changed on both sides</h3>
      <ul class="disk-rows">
        {conflicts.slice(-SHOWN_MAX).map(({ path, mine }) => (
          <li key={mine}>
            <span class="grow">
              <code>{path}</code> <span class="dim">yours is</span> <code>{mine}</code>
            </span>
            <button
              type="button"
              class="btn small"
              aria-label={`Compare ${path}`}
              onClick={() => {
                close()
                disk.compares.value = { path, mine, time: 0 }
              }}
            >
              Compare
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const WHERE = { here: 'only here', disk: 'only on the disk', both: 'on both sides' } as const

const LeftOutRows = ({ leftOut }: Pick<DiskStatus, 'leftOut'>) => {
  if (leftOut.length === 0) return null
  const more = leftOut.length - SHOWN_MAX
  return (
    <section aria-label="Takes no part">
      <h3>{plural(leftOut.length, 'entry takes', 'entries take')} no part</h3>
      <ul class="disk-rows" data-testid="disk-left-out">
        {leftOut.slice(0, SHOWN_MAX).map(({ path, where, reason }) => (
          <li key={path}>
            <span class="grow">
              <code>{path}</code> <span class="tag">{WHERE[where]}</span>
              <br />
              <span class="dim">{reason}</span>
            </span>
          </li>
        ))}
      </ul>
      {more > 0 ? <p class="dim">and {more} more</p> : null}
    </section>
  )
}

/** What brings a lost folder back. From a click: the browser asks the user. */
export const LostActs = ({ status, close }: { status: DiskStatus; close(): void }) => {
  const ui = useUi()
  const { disk } = ui
  const act = (work: () => unknown) => (): void => {
    close()
    void work()
  }
  if (status.state === 'vanished' && status.isEmptied)
    return (
      <>
        <button type="button" class="btn go" data-safe onClick={act(() => disk.again('refill'))}>
          Write everything back
        </button>
        <button type="button" class="btn danger" onClick={act(() => disk.again('accept'))}>
          Empty the project too
        </button>
      </>
    )
  if (status.state === 'vanished')
    return (
      <>
        <button type="button" class="btn go" onClick={act(() => disk.again())}>
          Look again
        </button>
        <button type="button" class="btn" onClick={act(() => pickToConnect(ui, status.readonly))}>
          Choose where it is now…
        </button>
      </>
    )
  return (
    <>
      <button type="button" class="btn go" onClick={act(() => disk.again())}>
        Open folder again
      </button>
      <button type="button" class="btn" onClick={act(() => runCommand(ui, 'export'))}>
        Save as .zip
      </button>
    </>
  )
}

const Open = ({ status, close }: { status: DiskStatus; close(): void }) => {
  const { disk } = useUi()
  const words = diskWords(status)
  const isLost = status.state === 'permission' || status.state === 'vanished'
  return (
    <>
      <p data-testid="disk-words">{words.long}</p>
      <dl class="facts disk-facts">
        <dt>Folder</dt>
        <dd class="mono">{status.folder}</dd>
        <dt>Last equal</dt>
        <dd>{status.lastInStep === 0 ? 'not yet' : formatTime(status.lastInStep)}</dd>
      </dl>
      {isLost ? (
        <div class="acts">
          <LostActs status={status} close={close} />
        </div>
      ) : null}
      <ConflictRows conflicts={status.conflicts} close={close} />
      <LeftOutRows leftOut={status.leftOut} />
      <label class="disk-switch">
        <input
          type="checkbox"
          data-testid="disk-readonly"
          checked={status.readonly}
          onChange={(event) => void disk.setReadonly(event.currentTarget.checked)}
        />
        <span>
          Read-only: the folder is never written
          <br />
          <span class="dim">
            {status.readonly && status.pending > 0
              ? `Without it your ${plural(status.pending, 'change')} would be written to the folder.`
              : '.git, node_modules and what a .gitignore names stay on their own side in any case.'}
          </span>
        </span>
      </label>
      <p class="dim">{noticingText(status)}</p>
      <div class="acts">
        {isLost ? null : (
          <button type="button" class="btn" onClick={() => void disk.scan()}>
            Compare everything now
          </button>
        )}
        <button
          type="button"
          class="btn"
          data-testid="disk-disconnect"
          onClick={() => {
            close()
            void disk.disconnect()
          }}
        >
          Disconnect
        </button>
      </div>
      <p class="faint">Disconnected, the files stay as they are on both sides.</p>
    </>
  )
}

const LAMPS = { live: 'running', warn: 'starting', fault: 'ended', none: 'sleeping' } as const

export const DiskDoor = () => {
  const status = useUi().disk.status.value
  const words = diskWords(status)
  const unseen = status.conflicts.length
  const short = unseen > 0 ? plural(unseen, 'conflict') : words.short
  return (
    <Popover
      id="disk-door"
      label={`Disk ${short}`}
      class={`chip door ${words.tone}`}
      kind="dialog"
      button={
        <>
          <span class={`lamp ${LAMPS[unseen > 0 ? 'warn' : words.tone]}`} />
          <Icon name="disk" />
          <span class="door-name only-wide">Disk</span> <small class="cut">{short}</small>
        </>
      }
      content={(close) => (
        <div class="disk-sheet">
          <h2>{status.state === 'off' ? 'No folder is in step' : status.folder}</h2>
          {status.state === 'off' ? <Shut close={close} /> : <Open status={status} close={close} />}
        </div>
      )}
    />
  )
}

/** For the strip: the same word, and a way to the door. */
export const DiskCell = () => {
  const status = useUi().disk.status.value
  if (status.state === 'off') return null
  const words = diskWords(status)
  const isWell = words.tone === 'live' || words.tone === 'none'
  return (
    <button
      type="button"
      class={`cell ${isWell ? '' : 'bad'}`}
      data-testid="sync-cell"
      title={words.long}
      onClick={() => document.getElementById('disk-door')?.click()}
    >
      <Icon name={isWell ? 'folder' : 'warn'} />
      <span class="cut">{status.folder}:</span> {words.short}
    </button>
  )
}
