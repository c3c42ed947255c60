/**
 * A process is killed under the machine's lock, so at any moment in which it does not hold it; then what is in its descriptor table is
 * given back, and nothing else is. So whenever a call lets the lock go, every open file must be in a table or in a message.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPERBLOCK } from '../../memory/layout.ts'
import { getWord } from '../../memory/slots.ts'
import { knowCapabilities } from '../../objects/capability-calls.ts'
import { createPrivateMachine } from '../private-machine.ts'
import { wasmrunImports } from './imports.ts'

const OUT = 64
const ATTACHED = 128
const NAME = 256
const SEND = 1
const NO_WAIT = 1

test('whenever the lock is free, all that a call has made is where a kill finds it', () => {
  const machine = createPrivateMachine()
  const { objects, process, descriptors, memory } = machine
  knowCapabilities(objects)
  process.guest.setMemory(new WebAssembly.Memory({ initial: 1 }))
  const { view, u8 } = process.guest
  u8[NAME] = 110
  const calls = wasmrunImports(process) as unknown as Record<string, (...args: number[]) => number>
  const used = (): number => getWord(memory, SUPERBLOCK.USED_OPEN_FILES)
  let inMessages = 0
  let looks = 0
  const { release } = objects.lock
  const watchful = objects.lock as { release: () => void }
  watchful.release = () => {
    release()
    if (objects.lock.held) return
    watchful.release = release
    const files = new Set(descriptors.list().map((fd) => descriptors.get(fd)))
    // One on its way in or out of a message may be counted as there already.
    assert.ok(used() - files.size <= inMessages, `${used()} open files, ${files.size} in the table`)
    looks++
    watchful.release = watch
  }
  const watch = watchful.release
  const made = (name: string, ...args: number[]): number => {
    assert.equal(calls[name]?.(...args, OUT), 0, name)
    return view.getUint32(OUT, true)
  }
  const names = made('namespace_create')
  const service = made('port_create', names, NAME, 1)
  const port = made('port_open', names, NAME, 1, SEND, NO_WAIT)
  const answers = made('port_create', -1, 0, 0)
  made('derive', answers, SEND)
  made('pipe')
  view.setUint32(ATTACHED, answers, true)
  view.setUint32(ATTACHED + 4, SEND, true)
  inMessages = 1
  assert.equal(calls.send?.(port, NAME, 1, ATTACHED, 1, NO_WAIT), 0)
  assert.equal(calls.receive?.(service, NAME, 8, ATTACHED, 1, NO_WAIT, OUT), 0)
  inMessages = 0
  assert.equal(calls.revoke?.(names), 0)
  assert.ok(looks >= 9, `${looks} looks`)
})
