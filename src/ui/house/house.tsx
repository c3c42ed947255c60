/** Settings, runtimes and storage: what belongs to the machine and not to one project. */
import { Dialog } from '../frame/dialog.tsx'
import { adoptStyles } from '../frame/styles.ts'
import { Tabs, tabId } from '../frame/tabs.tsx'
import { useUi } from '../ui.ts'
import styles from './house.lazy.css'
import { RuntimesPage } from './runtimes-page.tsx'
import { SettingsPage } from './settings-page.tsx'
import { StoragePage } from './storage-page.tsx'

adoptStyles(styles)

const PAGES = [
  { id: 'settings', label: 'Settings' },
  { id: 'runtimes', label: 'Runtimes' },
  { id: 'storage', label: 'Projects and storage' },
] as const

export type HouseTab = (typeof PAGES)[number]['id']

export const House = ({ tab, close }: { tab: HouseTab; close(): void }) => {
  const { stores } = useUi()
  const select = (id: string): void => {
    const page = PAGES.find((other) => other.id === id)
    if (page) stores.dialogs.apply({ type: 'open', name: page.id })
  }
  return (
    <Dialog
      title="This machine"
      class="house"
      close={close}
      footer={
        <button type="button" class="btn go" data-safe onClick={close}>
          Close
        </button>
      }
    >
      <Tabs label="Pages" prefix="house" items={PAGES} selected={tab} select={select} />
      <div
        class="house-page"
        id="house-panel"
        role="tabpanel"
        aria-labelledby={tabId('house', tab)}
        data-testid={`page-${tab}`}
      >
        {tab === 'settings' ? <SettingsPage /> : tab === 'runtimes' ? <RuntimesPage /> : <StoragePage />}
      </div>
    </Dialog>
  )
}
