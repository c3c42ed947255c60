/** From a style of the ANSI parser to CSS. Palette slots stay variables, so that a change of theme needs no new drawing. */
import type { Colour, Style } from './ansi.ts'
import { PLAIN } from './ansi.ts'

const css = (colour: Colour): string => (typeof colour === 'number' ? `var(--ansi-${colour})` : colour)

/** Bold text in one of the eight dark colours is shown bright, as terminals do. */
const brightened = (colour: Colour | null, bold: boolean): Colour | null =>
  bold && typeof colour === 'number' && colour < 8 ? colour + 8 : colour

/** undefined where the text looks as its line does. */
export const styleOf = (style: Style): Record<string, string> | undefined => {
  if (style === PLAIN) return undefined
  const fg = brightened(style.fg, style.bold)
  const front = style.inverse ? (style.bg ?? 'var(--sheet)') : fg
  const back = style.inverse ? (fg ?? 'var(--ink)') : style.bg
  const made: Record<string, string> = {}
  if (front !== null) made.color = css(front)
  if (back !== null) made.background = css(back)
  if (style.bold) made['font-weight'] = '700'
  if (style.dim) made.opacity = '.75'
  if (style.italic) made['font-style'] = 'italic'
  const lines = [style.underline ? 'underline' : '', style.strike ? 'line-through' : ''].filter(Boolean)
  if (lines.length > 0) made['text-decoration'] = lines.join(' ')
  return made
}
