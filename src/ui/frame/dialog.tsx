/** A native dialog: focus starts on the safe action, Esc cancels, the rest of the page is inert. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import styles from '../moments/moments.lazy.css'
import { adoptStyles } from './styles.ts'

adoptStyles(styles)

export interface DialogProps {
  title: string
  /** Called by Esc, by a click beside it and by its own buttons. */
  close(): void
  children: ComponentChildren
  footer?: ComponentChildren
  /** 'wide' for what needs the room. */
  class?: string
}

export const Dialog = ({ title, close, children, footer, class: size = '' }: DialogProps) => {
  const element = useRef<HTMLDialogElement>(null)
  // Before it is drawn: an Esc in the frame between would go nowhere.
  useLayoutEffect(() => {
    const dialog = element.current
    const before = document.activeElement
    dialog?.showModal()
    dialog?.querySelector<HTMLElement>('[data-safe]')?.focus()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={element}
      class={`dialog sheet ${size}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClose={() => {
        // Chromium 156 closes a dialog without asking when nothing was clicked or typed since the last Esc
        if (element.current) close()
      }}
      onClick={(event) => {
        if (event.target === element.current) close()
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 class="dialog-title">{title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled with the keyboard */}
      <div class="dialog-body" tabIndex={0}>
        {children}
      </div>
      {footer ? <div class="dialog-acts">{footer}</div> : null}
    </dialog>
  )
}
