/** A guest that recurses without end calls `wasmrun` at every depth: refused where nothing has changed, or done whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPERBLOCK } from '../../memory/layout.ts'
import { getWord } from '../../memory/slots.ts'
import { knowCapabilities } from '../../objects/capability-calls.ts'
import { releaseProcess } from '../../objects/proc.ts'
import { countTargets } from '../../objects/target.ts'
import { createPrivateMachine } from '../private-machine.ts'
import { wasmrunImports } from './imports.ts'

const ROUNDS = 60
const OUT = 64
const ATTACHED = 128
const DATA = 256
const SEND = 1
const NO_WAIT = 1

/** Frames of different sizes, so that the stack ends at another place in each round. */
const dive = (depth: number, call: (depth: number) => void, ...rest: number[]): number => {
  call(depth)
  return dive(depth + 1, call, ...rest) + rest.length
}

test('messages, capabilities and names are whole after the stack has run out in any call', () => {
  const machine = createPrivateMachine()
  const { objects, process } = machine
  knowCapabilities(objects)
  const memory = new WebAssembly.Memory({ initial: 1 })
  process.guest.setMemory(memory)
  const { guest } = process
  const calls = wasmrunImports(process) as unknown as Record<string, (...args: number[]) => number>
  const made = (name: string, ...args: number[]): number => {
    assert.equal(calls[name]?.(...args, OUT), 0, name)
    return guest.view.getUint32(OUT, true)
  }
  guest.u8[DATA] = 110
  const names = made('namespace_create')
  const port = made('port_create', -1, 0, 0)
  guest.view.setUint32(ATTACHED, port, true)
  guest.view.setUint32(ATTACHED + 4, SEND, true)
  const acts: ((depth: number) => void)[] = [
    (depth) => calls.send?.(port, DATA, depth % 100, ATTACHED, 1, NO_WAIT),
    () => {
      if (calls.receive?.(port, DATA, 1000, ATTACHED + 8, 1, NO_WAIT, OUT) === 0)
        machine.descriptors.close(guest.view.getUint32(ATTACHED + 8, true))
    },
    () => {
      if (calls.port_create?.(names, DATA, 1, OUT) === 0)
        machine.descriptors.close(guest.view.getUint32(OUT, true))
    },
    () => {
      if (calls.derive?.(port, SEND, OUT) === 0) machine.descriptors.close(guest.view.getUint32(OUT, true))
    },
    () => calls.revoke?.(port),
  ]
  for (let round = 0; round < ROUNDS; round++) {
    const act = acts[round % acts.length]
    assert.ok(act)
    assert.throws(() => dive(0, act, ...Array(round % 13).fill(0)), RangeError)
    assert.equal(objects.lock.owner(), -1)
    assert.equal(objects.lock.held, false)
  }
  const { messages } = countTargets(objects)
  for (let left = messages; left > 0; left--)
    assert.equal(calls.receive?.(port, DATA, 1000, ATTACHED + 8, 1, NO_WAIT, OUT), 0)
  releaseProcess(objects, objects.slot)
  assert.deepEqual(countTargets(objects), { messagePorts: 0, namespaces: 0, messages: 0 })
  for (const used of [SUPERBLOCK.USED_CAPABILITIES, SUPERBLOCK.USED_TARGETS, SUPERBLOCK.USED_OPEN_FILES])
    assert.equal(getWord(objects.memory, used), 0)
})
