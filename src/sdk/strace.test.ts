import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStraces } from './strace.ts'

const entry = (text: string) => ({ time: 0, micros: 0, call: 'read', import: 'fd_read', text })
const event = (pid: number, texts: string[], lost = 0) =>
  ({ type: 'strace', pid, entries: texts.map(entry), lost, isForLog: false }) as const

const setup = () => {
  const asked: [number, boolean][] = []
  const straces = createStraces(async (pid, on) => {
    asked.push([pid, on])
    if (pid === 404) throw new Error('gone')
  })
  return { asked, straces }
}

test('a stream gives calls as they come, tells what was lost, and ends with the process', async () => {
  const { asked, straces } = setup()
  const reader = straces.read(7).getReader()
  straces.heard(event(7, ['a', 'b'], 3))
  assert.equal((await reader.read()).value?.text, 'a')
  assert.equal((await reader.read()).value?.text, 'b')
  assert.match((await reader.read()).value?.text ?? '', /3 calls were lost/)
  const last = reader.read()
  straces.ended(7)
  assert.equal((await last).done, true)
  assert.deepEqual(asked, [[7, true]])
})

test('what was done before anybody reads is kept, also beyond the end, up to a bound', async () => {
  const { straces } = setup()
  straces.heard(
    event(
      8,
      Array.from({ length: 30_000 }, (_, index) => String(index)),
    ),
  )
  straces.ended(8)
  let count = 0
  let lost = ''
  for (const reader = straces.read(8).getReader(); ; ) {
    const { done, value } = await reader.read()
    if (done) break
    if (value.call === '') lost = value.text
    else count++
  }
  assert.equal(count, 20_000)
  assert.match(lost, /10000 calls/)
})

test('whoever stops reading ends the trace; a process that is gone is an error', async () => {
  const { asked, straces } = setup()
  await straces.read(9).cancel()
  assert.deepEqual(asked.at(-1), [9, false])
  await assert.rejects(straces.read(404).getReader().read(), /gone/)
})

test('a process that was traced from its start and is gone by now is read all the same', async () => {
  const { straces } = setup()
  const reader = straces.read(404).getReader()
  straces.heard(event(404, ['a']))
  straces.ended(404)
  assert.equal((await reader.read()).value?.text, 'a')
  assert.equal((await reader.read()).done, true)
})
