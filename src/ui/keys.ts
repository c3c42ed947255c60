/** The page's keys, as data: what a pressed key asks for. Pure, so that it is tested without a page. */

export interface Chord {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

/** In the order of the list of shortcuts. `Mod` is Ctrl, or Cmd on macOS. */
export const SHORTCUTS = [
  { keys: 'Mod+K', action: 'palette', words: 'All commands' },
  { keys: 'Mod+P', action: 'go-to-file', words: 'Go to file' },
  { keys: 'Mod+S', action: 'save', words: 'Save' },
  { keys: 'Mod+Shift+F', action: 'find-in-files', words: 'Find in files' },
  { keys: 'Alt+W', action: 'close-tab', words: 'Close the file' },
  { keys: 'F5', action: 'run', words: 'Run' },
  { keys: 'Shift+F5', action: 'stop', words: 'Stop' },
  { keys: 'Mod+Shift+F5', action: 'restart', words: 'Restart' },
  { keys: 'Mod+J', action: 'toggle-bottom', words: 'Show or hide the bottom panel' },
  { keys: 'Mod+B', action: 'toggle-files', words: 'Show or hide the files' },
  { keys: 'Mod+1', action: 'panel-console', words: 'Console' },
  { keys: 'Mod+3', action: 'panel-logs', words: 'Logs' },
  { keys: 'Mod+4', action: 'panel-kernel', words: 'Kernel' },
  { keys: 'Mod+,', action: 'settings', words: 'Settings' },
  { keys: 'F6', action: 'next-region', words: 'Next region' },
  { keys: 'Shift+F6', action: 'previous-region', words: 'Previous region' },
  { keys: '?', action: 'shortcuts', words: 'These shortcuts' },
] as const

export type KeyAction = (typeof SHORTCUTS)[number]['action']

/** Keys that a part of the page has for itself; told in the list of shortcuts. */
export const PART_KEYS: readonly { keys: string; words: string }[] = [
  { keys: 'Mod+F', words: 'Find and replace in the editor' },
  { keys: 'Mod+Z', words: 'Undo in the editor, also across saves' },
  { keys: 'Esc', words: 'then Tab: leave the editor' },
  { keys: 'F2', words: 'Rename in the tree of files' },
  { keys: 'Delete', words: 'Delete in the tree, kill in Kernel, close a tab' },
  { keys: 'Shift+F10', words: 'Menu of a file' },
]

const chordName = (chord: Chord, isMac: boolean): string => {
  const mod = isMac ? chord.metaKey : chord.ctrlKey
  const key = chord.key.length === 1 ? chord.key.toUpperCase() : chord.key
  // '?' is Shift and another key on most keyboards: the character is what counts
  const shift = chord.shiftKey && key !== '?'
  return `${chord.altKey ? 'Alt+' : ''}${mod ? 'Mod+' : ''}${shift ? 'Shift+' : ''}${key}`
}

/** What the chord asks for, or null. `inText`: the focus is where a character would be typed. */
export const actionOf = (chord: Chord, isMac: boolean, inText: boolean): KeyAction | null => {
  if (isMac ? chord.ctrlKey : chord.metaKey) return null
  const name = chordName(chord, isMac)
  const found = SHORTCUTS.find((shortcut) => shortcut.keys === name)
  if (!found || (found.action === 'shortcuts' && inText)) return null
  return found.action
}

/** The keys of an action as they are written, or ''. */
export const keysOf = (action: string, isMac: boolean): string => {
  const found = SHORTCUTS.find((shortcut) => shortcut.action === action)
  return found ? keysText(found.keys, isMac) : ''
}

/** 'Mod+J' → 'Ctrl J' or '⌘ J'. */
export const keysText = (keys: string, isMac: boolean): string =>
  keys.replace('Mod', isMac ? '⌘' : 'Ctrl').replaceAll('+', ' ')
