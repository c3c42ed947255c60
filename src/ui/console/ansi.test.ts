import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applySgr, createAnsiParser, indexedColour, PLAIN, type Style } from './ansi.ts'

const collect = () => {
  const log: string[] = []
  const styles: Style[] = []
  const parser = createAnsiParser({
    text: (text, style) => {
      log.push(text)
      styles.push(style)
    },
    newline: () => log.push('<nl>'),
    carriageReturn: () => log.push('<cr>'),
    backspace: () => log.push('<bs>'),
    erase: (mode) => log.push(`<el${mode}>`),
  })
  return { log, styles, write: parser.write }
}

test('plain text comes out in one piece, with its tabs', () => {
  const { log, write } = collect()
  write('a\tb ü 漢\n')
  assert.deepEqual(log, ['a\tb ü 漢', '<nl>'])
})

test('a colour holds until it is reset', () => {
  const { log, styles, write } = collect()
  write('\x1b[1;31mred\x1b[0m plain')
  assert.deepEqual(log, ['red', ' plain'])
  assert.equal(styles[0]?.fg, 1)
  assert.equal(styles[0]?.bold, true)
  assert.equal(styles[1], PLAIN)
})

test('a sequence cut in any place shows nothing of itself', () => {
  const whole = 'x\x1b[38;2;1;2;3my\x1b]0;title\x07z\x1b(B!'
  for (let at = 0; at <= whole.length; at++) {
    const { log, write } = collect()
    write(whole.slice(0, at))
    write(whole.slice(at))
    assert.equal(log.join(''), 'xyz!', `cut at ${at}`)
  }
})

test('256 colours and true colour give colours, in both notations', () => {
  assert.equal(applySgr(PLAIN, '38;5;9').fg, 9)
  assert.equal(applySgr(PLAIN, '38;5;196').fg, '#ff0000')
  assert.equal(applySgr(PLAIN, '48;5;232').bg, '#080808')
  assert.equal(applySgr(PLAIN, '38;2;10;20;30').fg, '#0a141e')
  assert.equal(applySgr(PLAIN, '38:2::10:20:30').fg, '#0a141e')
  assert.equal(applySgr(PLAIN, '48:5:196').bg, '#ff0000')
  assert.equal(applySgr(PLAIN, '38;2;300;0;0').fg, '#ff0000')
  assert.equal(indexedColour(256), null)
})

test('bright colours and the way back to the default', () => {
  assert.equal(applySgr(PLAIN, '91').fg, 9)
  assert.equal(applySgr(PLAIN, '100').bg, 8)
  const coloured = applySgr(PLAIN, '1;4;32;41')
  assert.equal(applySgr(coloured, '22;24;39;49'), PLAIN)
  assert.equal(applySgr(coloured, ''), PLAIN)
  assert.equal(applySgr(applySgr(PLAIN, '38;5;1;1'), '39').bold, true)
})

test('other control sequences are swallowed, erase in line is passed on', () => {
  const { log, write } = collect()
  write('a\x1b[2J\x1b[10;10H\x1b[?25lb\x1b[Kc\x1b[2K')
  assert.deepEqual(log, ['a', 'b', '<el0>', 'c', '<el2>'])
})

test('a string that never ends swallows text but keeps no memory', () => {
  const { log, write } = collect()
  write('a\x1b]8;;')
  write('x'.repeat(100_000))
  write('\x1b\\b')
  assert.deepEqual(log, ['a', 'b'])
})

test('a parameter string without end is not kept', () => {
  const { log, styles, write } = collect()
  write(`\x1b[${'1;'.repeat(10_000)}mtext`)
  assert.deepEqual(log, ['text'])
  assert.equal(styles[0], PLAIN)
})

test('bell, NUL and other controls are not text', () => {
  const { log, write } = collect()
  write('a\x07b\x00c\rd\be')
  assert.deepEqual(log, ['a', 'b', 'c', '<cr>', 'd', '<bs>', 'e'])
})
