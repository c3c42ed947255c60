/** A button with a small sheet below it. Esc, a click elsewhere and leaving it with Tab close it; the button gets the focus back. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export interface PopoverProps {
  /** Accessible name of the button and of what it opens. */
  label: string
  class: string
  /** Of the button. */
  id?: string
  kind: 'menu' | 'dialog'
  button: ComponentChildren
  content(close: () => void): ComponentChildren
}

const FOCUSABLE = 'button, input, select, a[href]'

export const Popover = ({ label, class: className, id, kind, button, content }: PopoverProps) => {
  const isOpen = useSignal(false)
  const box = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const close = (): void => {
    if (box.current?.contains(document.activeElement)) opener.current?.focus()
    isOpen.value = false
  }
  useEffect(() => {
    if (!isOpen.value) return
    const onDown = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) isOpen.value = false
    }
    document.addEventListener('pointerdown', onDown, true)
    const sheet = box.current?.querySelector<HTMLElement>('.popover')
    sheet?.querySelector<HTMLElement>(`[aria-checked="true"], ${FOCUSABLE}`)?.focus()
    return () => document.removeEventListener('pointerdown', onDown, true)
  }, [isOpen.value])
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isOpen.value) {
      event.stopPropagation()
      close()
    }
    if (kind !== 'menu' || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    const items = [...(box.current?.querySelectorAll<HTMLElement>('.popover button') ?? [])]
    const at = items.indexOf(document.activeElement as HTMLElement)
    event.preventDefault()
    if (items.length > 0)
      items[(at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length]?.focus()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and focus of the button and the sheet pass through here
    <div
      ref={box}
      class="popover-box"
      onKeyDown={onKeyDown}
      onFocusOut={(event) => {
        const next = event.relatedTarget
        if (next instanceof Node && !box.current?.contains(next)) isOpen.value = false
      }}
    >
      <button
        ref={opener}
        type="button"
        id={id}
        class={className}
        aria-label={label}
        aria-haspopup={kind}
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        {button}
      </button>
      {isOpen.value ? (
        // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles, menu and dialog, take a name
        <div class="popover sheet" role={kind} aria-label={label}>
          {content(close)}
        </div>
      ) : null}
    </div>
  )
}
