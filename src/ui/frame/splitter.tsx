/** The gap between two sheets, to be dragged. Arrows move 16 px, double click resets, Enter collapses. */
import type { TargetedPointerEvent } from 'preact'

/** Pixels an arrow key moves. */
const STEP = 16

export interface SplitterProps {
  label: string
  /** 'vertical' stands between left and right. */
  orientation: 'vertical' | 'horizontal'
  value: number
  limits: readonly [number, number]
  /** 1 when dragging right or down makes it larger, else -1. */
  direction: 1 | -1
  set(value: number): void
  reset(): void
  collapse(): void
}

export const Splitter = ({
  label,
  orientation,
  value,
  limits,
  direction,
  set,
  reset,
  collapse,
}: SplitterProps) => {
  const along = (event: PointerEvent): number => (orientation === 'vertical' ? event.clientX : event.clientY)
  const onPointerDown = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    const element = event.currentTarget
    const start = along(event)
    element.setPointerCapture(event.pointerId)
    const move = (next: PointerEvent): void => set(value + (along(next) - start) * direction)
    const end = (): void => {
      element.removeEventListener('pointermove', move)
      element.removeEventListener('lostpointercapture', end)
    }
    element.addEventListener('pointermove', move)
    element.addEventListener('lostpointercapture', end)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const [less, more] = orientation === 'vertical' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
    if (event.key === less) set(value - STEP * direction)
    else if (event.key === more) set(value + STEP * direction)
    else if (event.key === 'Enter') collapse()
    else return
    event.preventDefault()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> takes no focus and no keys
    <div
      class="splitter only-wide"
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={value}
      aria-valuemin={limits[0]}
      aria-valuemax={limits[1]}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      onDblClick={reset}
    />
  )
}
