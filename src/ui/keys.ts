/** The page's keys, as data: what a pressed key asks for. Pure, so that it is tested without a page. */

export type KeyAction =
  | 'run'
  | 'stop'
  | 'restart'
  | 'toggle-bottom'
  | 'toggle-files'
  | 'panel-console'
  | 'panel-logs'
  | 'panel-kernel'
  | 'next-region'
  | 'previous-region'
  | 'shortcuts'

export interface Chord {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

/** Shown in the list of shortcuts, in this order. `Mod` is Ctrl, or Cmd on macOS. */
export const SHORTCUTS: readonly { keys: string; action: KeyAction; words: string }[] = [
  { keys: 'F5', action: 'run', words: 'Run' },
  { keys: 'Shift+F5', action: 'stop', words: 'Stop' },
  { keys: 'Mod+Shift+F5', action: 'restart', words: 'Restart' },
  { keys: 'Mod+J', action: 'toggle-bottom', words: 'Show or hide the bottom panel' },
  { keys: 'Mod+B', action: 'toggle-files', words: 'Show or hide the files' },
  { keys: 'Mod+1', action: 'panel-console', words: 'Console' },
  { keys: 'Mod+3', action: 'panel-logs', words: 'Logs' },
  { keys: 'Mod+4', action: 'panel-kernel', words: 'Kernel' },
  { keys: 'F6', action: 'next-region', words: 'Next region' },
  { keys: 'Shift+F6', action: 'previous-region', words: 'Previous region' },
  { keys: '?', action: 'shortcuts', words: 'These shortcuts' },
]

const chordName = (chord: Chord, isMac: boolean): string => {
  const mod = isMac ? chord.metaKey : chord.ctrlKey
  const key = chord.key.length === 1 ? chord.key.toUpperCase() : chord.key
  // '?' is Shift and another key on most keyboards: the character is what counts
  const shift = chord.shiftKey && key !== '?'
  return `${mod ? 'Mod+' : ''}${shift ? 'Shift+' : ''}${key}`
}

/** What the chord asks for, or null. `inText`: the focus is where a character would be typed. */
export const actionOf = (chord: Chord, isMac: boolean, inText: boolean): KeyAction | null => {
  if (chord.altKey || (isMac ? chord.ctrlKey : chord.metaKey)) return null
  const name = chordName(chord, isMac)
  const found = SHORTCUTS.find((shortcut) => shortcut.keys === name)
  if (!found || (found.action === 'shortcuts' && inText)) return null
  return found.action
}

/** 'Mod+J' → 'Ctrl J' or '⌘ J'. */
export const keysText = (keys: string, isMac: boolean): string =>
  keys.replace('Mod', isMac ? '⌘' : 'Ctrl').replaceAll('+', ' ')
