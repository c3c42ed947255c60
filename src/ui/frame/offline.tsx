/** Whether there is a network, and what that means for the open project. */
import { signal } from '@preact/signals'
import { Icon } from '../icon.tsx'
import { isHere } from '../projects/project-facts.ts'
import { runtimeTitle } from '../stores/runtime-store.ts'
import { useUi } from '../ui.ts'

const isOffline = signal(!navigator.onLine)
for (const event of ['online', 'offline'])
  addEventListener(event, () => {
    isOffline.value = !navigator.onLine
  })

export const Offline = () => {
  const { stores } = useUi()
  const { chosen, project } = stores.project
  if (!isOffline.value) return null
  const plan = chosen.value
  const runtimes = stores.runtimes.runtimes.value
  const lacks = plan?.runtime && !isHere(plan, runtimes) ? runtimeTitle(plan.runtime, plan.version) : ''
  const rest = lacks
    ? `${lacks} is not on this device yet.`
    : project.value
      ? 'Everything this project needs is here.'
      : 'Kept projects and fetched runtimes work.'
  return (
    <span class={`chip offline ${lacks ? 'lacks' : ''}`} role="status" data-testid="offline">
      <Icon name={lacks ? 'warn' : 'info'} />
      <span>
        Offline. <small>{rest}</small>
      </span>
    </span>
  )
}
