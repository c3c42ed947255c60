/** The editor in the page's tokens: one theme, the tokens know day and night. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/** Five voices, as in tokens.css. */
const voices = HighlightStyle.define([
  {
    tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.tagName, tags.self],
    color: 'var(--syn-key)',
  },
  {
    tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue],
    color: 'var(--syn-str)',
  },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.definition(tags.function(tags.variableName)),
      tags.className,
      tags.typeName,
      tags.namespace,
      tags.macroName,
      tags.attributeName,
      tags.link,
      tags.url,
    ],
    color: 'var(--syn-fn)',
  },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit, tags.color], color: 'var(--syn-num)' },
  { tag: [tags.meta, tags.processingInstruction], color: 'var(--syn-com)' },
  { tag: tags.comment, color: 'var(--syn-com)', fontStyle: 'italic' },
  { tag: tags.heading, color: 'var(--syn-key)', fontWeight: '600' },
  { tag: tags.strong, fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.invalid, color: 'var(--fault)' },
])

const board = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--sheet)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--contact)' },
  '.cm-cursor, .cm-dropCursor': { borderLeft: '2px solid var(--contact)' },
  '.cm-line': { padding: '0 12px 0 6px' },
  '.cm-gutters': { backgroundColor: 'var(--sheet)', color: 'var(--ink-3)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '44px', padding: '0 8px 0 6px', fontSize: '12px' },
  '.cm-foldGutter .cm-gutterElement': { color: 'var(--ink-3)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--sheet-2) 70%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--sheet-2)', color: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--contact) 32%, transparent)',
  },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--wire) 22%, transparent)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--sheet-3)',
    outline: '1px solid var(--edge)',
  },
  '.cm-nonmatchingBracket': { color: 'var(--fault)' },
  '.cm-searchMatch': { backgroundColor: 'var(--contact-tint)', outline: '1px solid var(--contact)' },
  '.cm-searchMatch-selected': {
    backgroundColor: 'color-mix(in srgb, var(--contact) 45%, transparent)',
  },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--sheet-3)',
    border: '1px solid var(--line)',
    color: 'var(--ink-2)',
  },
  '.cm-specialChar': { color: 'var(--fault)' },
  '.cm-panels': { backgroundColor: 'var(--sheet-2)', color: 'var(--ink)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search, .cm-panel.cm-gotoLine': {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px',
    alignItems: 'center',
    padding: '6px 36px 6px 8px',
    fontFamily: 'var(--sans)',
    fontSize: 'var(--t-s)',
  },
  '.cm-panel.cm-search br': { flexBasis: '100%', height: '0' },
  '.cm-panel.cm-search label': {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
    fontSize: 'inherit',
  },
  '.cm-panel input[type=checkbox]': { accentColor: 'var(--contact)', margin: '0' },
  '.cm-panel .cm-textfield': {
    height: '28px',
    margin: '0',
    padding: '0 8px',
    border: '1px solid var(--edge)',
    borderRadius: 'var(--r1)',
    backgroundColor: 'var(--sheet)',
    color: 'var(--ink)',
    fontFamily: 'var(--mono)',
    fontSize: 'var(--t-s)',
  },
  '.cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label': { margin: '0' },
  '.cm-panel .cm-textfield::placeholder': { color: 'var(--ink-3)' },
  '.cm-panel .cm-button': {
    height: '28px',
    margin: '0',
    padding: '0 10px',
    border: '1px solid var(--edge)',
    borderRadius: 'var(--r1)',
    background: 'var(--sheet)',
    color: 'var(--ink)',
    fontSize: 'var(--t-s)',
  },
  '.cm-panel .cm-button:hover': { background: 'var(--sheet-3)' },
  '.cm-panel.cm-search [name=close], .cm-dialog-close': {
    position: 'absolute',
    top: '6px',
    right: '6px',
    width: '28px',
    height: '28px',
    color: 'var(--ink-2)',
    fontSize: '18px',
  },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: 'var(--r2)',
    backgroundColor: 'var(--sheet)',
    color: 'var(--ink)',
    boxShadow: 'var(--e2)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: 'var(--t-s)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--sheet-3)',
    color: 'var(--ink)',
  },
  '.cm-changedLine, .cm-merge-b .cm-changedLine': { backgroundColor: 'var(--live-tint)' },
  '.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--fault-tint)' },
  '&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText': {
    background: 'color-mix(in srgb, var(--fault) 30%, transparent)',
  },
  '&.cm-merge-b .cm-changedText': {
    background: 'color-mix(in srgb, var(--live) 30%, transparent)',
  },
  '.cm-collapsedLines': { background: 'var(--sheet-2)', color: 'var(--ink-2)' },
})

export const look = [board, syntaxHighlighting(voices)]
