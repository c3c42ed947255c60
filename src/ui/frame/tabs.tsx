/** Tabs with the gold pad on the one that is shown. Arrows, Home and End move; the panel names its tab. */
import type { ComponentChildren } from 'preact'
import { tabKey } from './tab-key.ts'

export interface TabItem {
  id: string
  label: string
  /** A count or a state beside the label. */
  badge?: ComponentChildren
  closable?: boolean
}

export interface TabsProps {
  label: string
  items: readonly TabItem[]
  selected: string
  /** Prefix of the ids that join tab and panel. */
  prefix: string
  select(id: string): void
  close?(id: string): void
  children?: ComponentChildren
}

/** Ids of other elements are lists of words: a path with a space would be two. */
export const tabId = (prefix: string, id: string): string => `${prefix}-tab-${encodeURIComponent(id)}`

export const Tabs = ({ label, items, selected, prefix, select, close, children }: TabsProps) => {
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = items.findIndex((item) => item.id === selected)
    if (event.key === 'Delete' && items[at]?.closable) {
      close?.(selected)
      return
    }
    const next = items[tabKey(event.key, at, items.length)]
    if (!next) return
    event.preventDefault()
    select(next.id)
    document.getElementById(tabId(prefix, next.id))?.focus()
  }
  return (
    <div class="tabs">
      <div class="tablist" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {items.map((item) => (
          <button
            key={item.id}
            type="button"
            role="tab"
            class="tab"
            id={tabId(prefix, item.id)}
            aria-selected={item.id === selected}
            aria-controls={`${prefix}-panel`}
            tabIndex={item.id === selected ? 0 : -1}
            onClick={() => select(item.id)}
            onAuxClick={(event) => {
              if (event.button === 1 && item.closable) close?.(item.id)
            }}
            title={item.closable ? `${item.label} (Alt W, Delete or middle click closes)` : undefined}
          >
            {item.label}
            {item.badge}
          </button>
        ))}
      </div>
      <span class="grow" />
      {children}
    </div>
  )
}
