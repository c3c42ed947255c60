/** Shown while the project is sealed: what that means, what the project wants, and the user's word that lifts it. */
import { LIMIT_FACTS, LIMIT_NAMES, limitText, STRICT_LIMITS } from '../../abi/limits.ts'
import { messageOf } from '../format.ts'
import { Icon } from '../icon.tsx'
import { joinWords } from '../stores/project-store.ts'
import { useUi } from '../ui.ts'
import { Popover } from './popover.tsx'

const Wants = () => {
  const { project } = useUi().stores
  const plan = project.chosen.value
  return (
    <details>
      <summary>What it wants</summary>
      {plan ? (
        <p>
          To run <code>{joinWords([plan.command, ...plan.args])}</code> on {plan.title}. Without the seal it
          has the limits of the settings in the place of these:
        </p>
      ) : null}
      <ul>
        {LIMIT_NAMES.map((name) => (
          <li key={name}>
            {limitText(name, STRICT_LIMITS[name])} {LIMIT_FACTS[name].words}
          </li>
        ))}
      </ul>
    </details>
  )
}

export const TrustChip = () => {
  const { stores, wasmrun } = useUi()
  if (!stores.project.isSealed.value) return null
  const trust = async (): Promise<void> => {
    try {
      await wasmrun.trust.lift()
    } catch (error) {
      const text = `The seal was not lifted: ${messageOf(error)}`
      stores.notices.apply({ type: 'toast', kind: 'fault', text })
    }
  }
  return (
    <Popover
      label="Trust: sealed"
      class="chip"
      kind="dialog"
      button={
        <>
          <Icon name="seal" />
          Sealed
        </>
      }
      content={(close) => (
        <>
          <p>This project is sealed: no network, no folder of the disk, strict limits.</p>
          <Wants />
          <button
            type="button"
            class="btn go"
            onClick={() => {
              close()
              void trust()
            }}
          >
            Trust it
          </button>
        </>
      )}
    />
  )
}
