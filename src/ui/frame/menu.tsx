/** A menu at a point of the page, for a thing that was clicked or has the focus. Arrows move, Esc closes, the focus goes back. */
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

export interface MenuItem {
  readonly words: string
  readonly keys?: string
  readonly danger?: boolean
  act(): void
}

export interface MenuProps {
  label: string
  /** Pixels from the page's corner. */
  x: number
  y: number
  /** Null draws a line. */
  items: readonly (MenuItem | null)[]
  close(): void
}

/** Pixels to the page's edge. */
const MARGIN = 8

const useOutside = (box: RefObject<HTMLElement | null>, close: () => void): void => {
  useEffect(() => {
    const onDown = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) close()
    }
    document.addEventListener('pointerdown', onDown, true)
    window.addEventListener('blur', close)
    return () => {
      document.removeEventListener('pointerdown', onDown, true)
      window.removeEventListener('blur', close)
    }
  }, [])
}

export const Menu = ({ label, x, y, items, close }: MenuProps) => {
  const box = useRef<HTMLDivElement>(null)
  const before = useRef(document.activeElement)
  useOutside(box, close)
  useLayoutEffect(() => {
    const menu = box.current
    if (!menu) return
    const { width, height } = menu.getBoundingClientRect()
    menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`
    menu.style.top = `${Math.max(MARGIN, Math.min(y, innerHeight - height - MARGIN))}px`
    menu.querySelector('button')?.focus()
    return () => {
      const { current } = before
      if (menu.contains(document.activeElement) && current instanceof HTMLElement && current.isConnected)
        current.focus()
    }
  }, [])
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    const buttons = [...(box.current?.querySelectorAll('button') ?? [])]
    const at = buttons.findIndex((button) => button === document.activeElement)
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (event.key === 'Escape' || event.key === 'Tab') close()
    else if (event.key === 'Home') buttons[0]?.focus()
    else if (event.key === 'End') buttons.at(-1)?.focus()
    else if (step !== 0) buttons[(at + step + buttons.length) % buttons.length]?.focus()
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={box}
      class="popover sheet at-point"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {items.map((item, index) =>
        item ? (
          <button
            key={item.words}
            type="button"
            role="menuitem"
            class={`menu-item ${item.danger ? 'danger' : ''}`}
            onClick={() => {
              close()
              item.act()
            }}
          >
            <span class="grow">{item.words}</span>
            {item.keys ? <kbd>{item.keys}</kbd> : null}
          </button>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names
          <hr key={index} />
        ),
      )}
    </div>
  )
}
