import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import { connect, expose, moving } from './rpc.ts'

interface Api {
  add(a: number, b: number): number
  fail(path: string): never
  odd(): never
  never(): Promise<void>
  give(): { bytes: Uint8Array }
  length(buffer: { data: ArrayBuffer }): number
}

/** Node's ports speak EventEmitter; Comlink wants EventTarget, which they have too. */
const pair = (): { link: ReturnType<typeof connect<Api>>; close: () => void } => {
  const { port1, port2 } = new MessageChannel()
  const api: Api = {
    add: (a, b) => a + b,
    fail: (path) => {
      throw new SysError(ERRNO.NOENT, path)
    },
    odd: () => {
      throw Object.assign(new TypeError('odd'), { retry: true, code: 'HUB' })
    },
    never: () => new Promise(() => {}),
    give: () => {
      const bytes = new Uint8Array([1, 2, 3])
      return moving({ bytes }, [bytes.buffer])
    },
    length: ({ data }) => data.byteLength,
  }
  expose(api, port1 as unknown as MessagePort)
  const link = connect<Api>(port2 as unknown as MessagePort)
  return { link, close: () => port1.close() }
}

test('a call returns its value and an error keeps code, errno and subject', async () => {
  const { link, close } = pair()
  assert.equal(await link.api.add(2, 3), 5)
  await assert.rejects(link.api.fail('/a'), (error) => {
    assert.ok(isCode(error, 'ENOENT'))
    assert.equal((error as SysError).errno, ERRNO.NOENT)
    assert.equal((error as SysError).subject, '/a')
    return true
  })
  close()
})

test('an error of another kind keeps its name, code and plain fields', async () => {
  const { link, close } = pair()
  await assert.rejects(link.api.odd(), { name: 'TypeError', message: 'odd', retry: true, code: 'HUB' })
  close()
})

test('cutting a link settles the calls that wait and those to come', async () => {
  const { link, close } = pair()
  const waiting = link.api.never()
  link.cut(new SysError(ERRNO.CONNRESET, 'kernel'))
  await assert.rejects(waiting, (error) => isCode(error, 'ECONNRESET'))
  await assert.rejects(link.api.add(1, 1), (error) => isCode(error, 'ECONNRESET'))
  assert.ok(isCode(await link.gone, 'ECONNRESET'))
  close()
})

test('marked buffers move in both directions', async () => {
  const { link, close } = pair()
  assert.deepEqual((await link.api.give()).bytes, new Uint8Array([1, 2, 3]))
  const data = new ArrayBuffer(8)
  assert.equal(await link.api.length(moving({ data }, [data])), 8)
  assert.equal(data.byteLength, 0)
  close()
})
