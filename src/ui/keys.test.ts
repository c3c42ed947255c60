import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tabKey } from './frame/tab-key.ts'
import { gridKey } from './kernel/grid-key.ts'
import { actionOf, type Chord, keysText, SHORTCUTS } from './keys.ts'

const chord = (key: string, mods: Partial<Chord> = {}): Chord => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...mods,
})

test('F5 runs, with Shift it stops, with Ctrl and Shift it restarts', () => {
  assert.equal(actionOf(chord('F5'), false, false), 'run')
  assert.equal(actionOf(chord('F5', { shiftKey: true }), false, true), 'stop')
  assert.equal(actionOf(chord('F5', { shiftKey: true, ctrlKey: true }), false, false), 'restart')
})

test('a hard reload of the browser stays its own', () => {
  assert.equal(actionOf(chord('F5', { ctrlKey: true }), false, false), null)
  assert.equal(actionOf(chord('r', { ctrlKey: true }), false, false), null)
})

test('on macOS Cmd is the key, and Ctrl is not', () => {
  assert.equal(actionOf(chord('j', { metaKey: true }), true, false), 'toggle-bottom')
  assert.equal(actionOf(chord('j', { ctrlKey: true }), true, false), null)
  assert.equal(actionOf(chord('j', { ctrlKey: true }), false, false), 'toggle-bottom')
})

test('the question mark is text where text is typed', () => {
  assert.equal(actionOf(chord('?', { shiftKey: true }), false, false), 'shortcuts')
  assert.equal(actionOf(chord('?', { shiftKey: true }), false, true), null)
})

test('every shortcut leads to its action, and none stands twice', () => {
  const seen = new Set<string>()
  for (const { keys, action } of SHORTCUTS) {
    const parts = keys.split('+')
    const key = parts[parts.length - 1] ?? ''
    const pressed = chord(key, {
      ctrlKey: parts.includes('Mod'),
      shiftKey: parts.includes('Shift'),
      altKey: parts.includes('Alt'),
    })
    assert.equal(actionOf(pressed, false, false), action, keys)
    assert.equal(seen.has(keys), false)
    seen.add(keys)
  }
  assert.equal(keysText('Mod+Shift+F5', false), 'Ctrl Shift F5')
})

test('arrows go round in tabs and stop at the ends of a table', () => {
  assert.equal(tabKey('ArrowRight', 2, 3), 0)
  assert.equal(tabKey('ArrowLeft', 0, 3), 2)
  assert.equal(tabKey('End', 0, 3), 2)
  assert.equal(tabKey('x', 0, 3), -1)
  assert.equal(gridKey('ArrowDown', 2, 3), 2)
  assert.equal(gridKey('ArrowUp', 0, 3), 0)
  assert.equal(gridKey('Enter', 0, 3), -1)
})
