/** Tabs with the gold pad on the one that is shown. Arrows, Home and End move; the panel names its tab. */
import type { ComponentChildren } from 'preact'

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

/** Where an arrow key leads in a row of `count`, or -1 when the key is none. */
export const tabKey = (key: string, at: number, count: number): number => {
  if (key === 'ArrowRight') return (at + 1) % count
  if (key === 'ArrowLeft') return (at - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return -1
}

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
    document.getElementById(`${prefix}-tab-${next.id}`)?.focus()
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
            id={`${prefix}-tab-${item.id}`}
            aria-selected={item.id === selected}
            aria-controls={`${prefix}-panel`}
            tabIndex={item.id === selected ? 0 : -1}
            onClick={() => select(item.id)}
            onAuxClick={(event) => {
              if (event.button === 1 && item.closable) close?.(item.id)
            }}
            title={item.closable ? `${item.label} (Delete or middle click closes)` : undefined}
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
