/** What every open text has: line numbers, undo, search, the keys. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completeAnyWord,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view'
import { look } from './theme.ts'

/** Lines looked at to see how a file is indented. */
const INDENT_LINES = 500

/** As the file itself is indented; four spaces in Python and two elsewhere where it does not show. */
export const indentOf = (text: string, path: string): string => {
  const counts = new Map<string, number>()
  let before = ''
  for (const line of text.split('\n', INDENT_LINES)) {
    const indent = /^[\t ]*/.exec(line)?.[0] ?? ''
    if (indent.length === line.length) continue
    if (indent.length > before.length && indent.startsWith(before)) {
      const step = indent.slice(before.length)
      counts.set(step, (counts.get(step) ?? 0) + 1)
    }
    before = indent
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  if (best && (best[0] === '\t' || /^ {1,8}$/.test(best[0]))) return best[0]
  if (/\.(go|mk)$|makefile$/i.test(path)) return '\t'
  return /\.(py|rs)$/.test(path) ? '    ' : '  '
}

/** @param words names the text for who cannot see it */
export const setup = (text: string, path: string, words: string): Extension => [
  // a lone CR is a character, not the end of a line: the text must come back as it was
  text.includes('\r') ? EditorState.lineSeparator.of('\n') : [],
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  foldGutter(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  indentUnit.of(indentOf(text, path)),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ activateOnTyping: false }),
  EditorState.languageData.of(() => [{ autocomplete: completeAnyWord }]),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...completionKeymap,
    indentWithTab,
  ]),
  EditorView.contentAttributes.of({
    'aria-label': words,
    'aria-description': 'Esc, then Tab, leaves the editor',
    'data-testid': 'editor',
    // axe-core 4.14 does not count an editable text as something that takes the focus
    tabindex: '0',
  }),
  look,
]
