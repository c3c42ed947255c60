/** The traces between the slots and the socket: pixels, from the slots' fixed sizes. Pure. */

/** Pixels: heading above the slots, a slot, the gap below it, as in start.css. */
export const HEADING = 30
export const SLOT = 54
export const GAP = 6
/** Pixels between two pins of the socket, and of the first below the socket's upper edge. */
const PIN_STEP = 52
const PIN_FIRST = 48
/** Width of the gap that a trace crosses. */
const WIDTH = 64
/** Where a trace bends first, from the slot's side. */
const BEND = 24

export const slotCentre = (index: number): number => HEADING + index * (SLOT + GAP) + SLOT / 2
export const pinCentre = (index: number): number => HEADING + PIN_FIRST + index * PIN_STEP

/** Height of a column with so many slots. */
export const columnHeight = (slots: number): number => HEADING + Math.max(4, slots) * (SLOT + GAP) - GAP

/** The path of trace `index`, from its slot to its pin: straight, 45 degrees, straight. */
export const tracePath = (index: number, side: 'left' | 'right'): string => {
  const from = slotCentre(index)
  const to = pinCentre(index)
  const slant = Math.min(Math.abs(to - from), WIDTH - BEND - 8)
  const x = (distance: number): number => (side === 'left' ? distance : WIDTH - distance)
  return `M${x(0)} ${from}H${x(BEND)}L${x(BEND + slant)} ${to}H${x(WIDTH)}`
}
