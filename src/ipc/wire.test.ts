import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { connect, expose } from './rpc.ts'

interface Api {
  add(a: number, b: number): number
}

type Message = { id?: unknown; type: string; value?: unknown }

/** The served end is honest; the other is in the hands of whoever writes messages. */
const serve = (): { ask(message: unknown): Promise<Message | 'silence'>; close(): void } => {
  const { port1, port2 } = new MessageChannel()
  expose<Api>({ add: (a, b) => a + b }, port1 as unknown as MessagePort)
  return {
    ask: (message) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          port2.removeAllListeners('message')
          resolve('silence')
        }, 60)
        port2.once('message', (answer: Message) => {
          clearTimeout(timer)
          resolve(answer)
        })
        port2.postMessage(message)
      }),
    close: () => port1.close(),
  }
}

const raw = (value: unknown): unknown => ({ type: 'RAW', value })
const FORGED: unknown[] = [
  { id: '1', type: 'GET', path: [] },
  { id: '2', type: 'GET', path: ['add'] },
  { id: '3', type: 'SET', path: ['__proto__', 'polluted'], value: raw('yes') },
  { id: '4', type: 'SET', path: ['add'], value: raw('yes') },
  { id: '5', type: 'CONSTRUCT', path: ['constructor', 'constructor'], argumentList: [raw('return 1')] },
  { id: '6', type: 'APPLY', path: ['constructor', 'constructor'], argumentList: [raw('return 1')] },
  { id: '7', type: 'APPLY', path: ['add', 'constructor'], argumentList: [raw('return 1')] },
  { id: '8', type: 'APPLY', path: ['toString'], argumentList: [] },
  { id: '9', type: 'APPLY', path: ['__proto__'], argumentList: [] },
  { id: '10', type: 'APPLY', path: [['add']], argumentList: [] },
  { id: '11', type: 'APPLY', path: 'add', argumentList: [] },
  { id: '12', type: 'APPLY', path: [], argumentList: [] },
  { id: '13', type: 'APPLY', path: ['add'], argumentList: [{ type: 'HANDLER', name: 'throw', value: {} }] },
  { id: '14', type: 'APPLY', path: ['add'], argumentList: { length: 2 } },
  { id: '15', type: 'APPLY', path: ['add'], argumentList: Array(1e5).fill(raw(1)) },
  { id: '16', type: 'APPLY', path: ['add'], argumentList: [null] },
  { id: '17', type: 'ENDPOINT', path: [] },
  { id: '18', type: 'RELEASE', path: [] },
  { id: 19, type: 'APPLY', path: ['add'], argumentList: [raw(1), raw(2)] },
  { id: 'x'.repeat(1e6), type: 'APPLY', path: ['add'], argumentList: [] },
  { id: '20' },
  null,
  undefined,
  'APPLY',
  7,
  [],
  new Map([['type', 'APPLY']]),
]

test('whoever holds the port can call methods, and nothing else', async () => {
  const { ask, close } = serve()
  for (const message of FORGED) {
    const answer = await ask(message)
    const refused =
      answer === 'silence' || (answer.type === 'RAW' && Object.hasOwn(Object(answer.value), 'error'))
    assert.ok(refused, JSON.stringify(message)?.slice(0, 200))
  }
  assert.equal(({} as { polluted?: string }).polluted, undefined)
  const fine = await ask({ id: '99', type: 'APPLY', path: ['add'], argumentList: [raw(1), raw(2)] })
  assert.deepEqual(fine, { id: '99', type: 'RAW', value: { value: 3 } })
  close()
})

test('Comlink alone runs the code that such a message brings, so this test can fail', async () => {
  const { port1, port2 } = new MessageChannel()
  Comlink.expose({ add: (a: number, b: number) => a + b }, port1 as unknown as MessagePort)
  const made = new Promise<{ value: MessagePort }>((resolve) => port2.once('message', resolve))
  port2.postMessage({
    id: '1',
    type: 'CONSTRUCT',
    path: ['constructor', 'constructor'],
    argumentList: [raw('return 6 * 7')],
  })
  const run = Comlink.wrap<() => number>((await made).value)
  assert.equal(await run(), 42)
  port1.close()
})

test('a call settles whatever the other side answers, and its answer pollutes nothing', async () => {
  const odd: unknown[] = [
    { type: 'RAW' },
    { type: 'RAW', value: 5 },
    { type: 'RAW', value: null },
    { type: 'RAW', value: {} },
    { type: 'RAW', value: { error: 'text' } },
    { type: 'RAW', value: { error: { name: {}, message: [], errno: 'NaN', extra: 'x' } } },
    { type: 'RAW', value: { error: JSON.parse('{"message":"m","extra":{"__proto__":5,"then":"x"}}') } },
    { type: 'RAW', value: { error: { name: 'SysError', errno: 1e99, subject: {}, extra: null } } },
    { type: 'HANDLER', name: 'throw', value: { isError: true, value: { message: 'm' } } },
    { type: 'HANDLER', name: 'nothing', value: 1 },
    { type: 7 },
    {},
  ]
  for (const answer of odd) {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', ({ id }: { id: string }) => port1.postMessage({ ...Object(answer), id }))
    const { api } = connect<Api>(port2 as unknown as MessagePort)
    await assert.rejects(api.add(1, 2), Error)
    port1.close()
  }
  assert.equal(({} as { then?: string }).then, undefined)
})
