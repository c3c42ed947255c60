/** A list of rows of one height that draws only those in sight. Invariant: row i stands at i × height. */
import type { ComponentChildren, HTMLAttributes } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Rows drawn above and below what is seen, so that a fast wheel shows no gap. */
const OVERSCAN = 12

export interface VirtualRowsProps extends Omit<HTMLAttributes<HTMLDivElement>, 'ref'> {
  count: number
  /** Pixels. */
  height: number
  row(index: number): ComponentChildren
  /** Scrolled into sight when it changes. */
  visible?: number
  /** CSS width the widest row needs. */
  minWidth?: string
}

export const VirtualRows = ({
  count,
  height,
  row,
  visible = -1,
  minWidth,
  ...attributes
}: VirtualRowsProps) => {
  const box = useRef<HTMLDivElement>(null)
  const [port, setPort] = useState({ top: 0, height: 600 })
  const look = (): void => {
    const element = box.current
    if (element) setPort({ top: element.scrollTop, height: element.clientHeight })
  }
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    const element = box.current
    if (!element || visible < 0) return
    if (visible * height < element.scrollTop) element.scrollTop = visible * height
    else if ((visible + 1) * height > element.scrollTop + element.clientHeight)
      element.scrollTop = (visible + 1) * height - element.clientHeight
  }, [visible, height])

  const first = Math.max(0, Math.floor(port.top / height) - OVERSCAN)
  const last = Math.min(count, Math.ceil((port.top + port.height) / height) + OVERSCAN)
  const rows: ComponentChildren[] = []
  for (let index = first; index < last; index++) rows.push(row(index))
  return (
    <div {...attributes} ref={box} onScroll={look}>
      <div
        role="presentation"
        style={{ height: `${count * height}px`, minWidth: minWidth ?? '100%', position: 'relative' }}
      >
        <div
          role="presentation"
          style={{ position: 'absolute', left: 0, right: 0, top: `${first * height}px` }}
        >
          {rows}
        </div>
      </div>
    </div>
  )
}
