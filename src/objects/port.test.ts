import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { createPending } from './async.ts'
import { CAPABILITIES_MAX, DEPTH_MAX, deriveFile, limitFile, RIGHT, revokeDerived } from './capability.ts'
import { knowCapabilities } from './capability-calls.ts'
import { createDescriptors } from './descriptors.ts'
import { inheritDescriptors } from './inherit.ts'
import { receiveOperation, sendOperation } from './message.ts'
import type { Objects } from './objects.ts'
import { fileObject, openPipe, releaseFile, setStatusFlags } from './open-file.ts'
import { pollOperation } from './poll.ts'
import { bindCapability, createNamedPort, createNamespace, createPort, openOperation } from './port.ts'
import { releaseProcess } from './proc.ts'
import { MESSAGE_BYTES_MAX, QUEUE_BYTES, QUEUE_MESSAGES } from './queue.ts'
import { spanOf } from './spans.ts'
import { countTargets, TARGETS_MAX, TARGETS_PER_PROCESS } from './target.ts'
import { bytes, createTestMachine, text } from './test-machine.ts'
import { type Descriptors, type Operation, PENDING, READY, STATUS } from './types.ts'

const ALL = 31
const NOW = { isPatient: false }
const WAIT = { isPatient: true }

/** A process: its view of the machine and its descriptors. */
interface Actor {
  slot: number
  objects: Objects
  descriptors: Descriptors
}

const open = () => {
  const machine = createTestMachine()
  knowCapabilities(machine.objects)
  const actor = (parent?: Actor): Actor => {
    const slot = machine.spawn(parent ? machine.pid(parent.slot) : 0)
    const objects = machine.as(slot)
    return { slot, objects, descriptors: createDescriptors(objects) }
  }
  const before = census(machine.objects)
  return { machine, actor, before }
}

const census = (objects: Objects) => ({
  ...countTargets(objects),
  capabilities: getWord(objects.memory, SUPERBLOCK.USED_CAPABILITIES),
  targets: getWord(objects.memory, SUPERBLOCK.USED_TARGETS),
  files: getWord(objects.memory, SUPERBLOCK.USED_OPEN_FILES),
})

const NONE = { messagePorts: 0, namespaces: 0, messages: 0, capabilities: 0, targets: 0, files: 0 }

const has = (result: number): number => {
  assert.ok(result >= 0, `errno ${-result}`)
  return result
}
const give = ({ descriptors }: Actor, file: number): number => has(descriptors.install(has(file)))
const send = (
  actor: Actor,
  fd: number,
  words = '',
  attached: { fd: number; rights: number }[] = [],
  how = NOW,
) =>
  sendOperation(
    actor.objects,
    actor.descriptors,
    actor.descriptors.get(fd),
    spanOf(bytes(words)),
    attached,
    how,
  )
const receive = (actor: Actor, fd: number, room = 64, most = 4, how = NOW) => {
  const buffer = new Uint8Array(room)
  const operation = receiveOperation(
    actor.objects,
    actor.descriptors,
    actor.descriptors.get(fd),
    spanOf(buffer),
    most,
    how,
  )
  return { ...operation, words: () => text(buffer.subarray(0, operation.message.bytes)), operation }
}
const lookUp = (actor: Actor, fd: number, name: string, rights: number = RIGHT.SEND, how = NOW): Operation =>
  openOperation(actor.objects, actor.descriptors.get(fd), bytes(name), rights, how)
const revoke = (actor: Actor, fd: number): void =>
  revokeDerived(actor.objects, fileObject(actor.objects, actor.descriptors.get(fd)))
const hand = (from: Actor, to: Actor, fd: number, at: number, rights: number = ALL): number =>
  inheritDescriptors(from.objects, from.slot, to.slot, [[fd, at, rights]], true)

/** A parent with a namespace, a service in it with a port "box", and a client that may look. */
const village = () => {
  const world = open()
  const parent = world.actor()
  const names = give(parent, createNamespace(parent.objects))
  const service = world.actor(parent)
  const client = world.actor(parent)
  assert.equal(hand(parent, service, names, 10, RIGHT.BIND), 0)
  assert.equal(hand(parent, client, names, 10, RIGHT.OPEN | RIGHT.SEND), 0)
  const box = give(service, createNamedPort(service.objects, service.descriptors.get(10), bytes('box')))
  return { ...world, parent, names, service, client, box }
}

test('a message arrives whole, in order, with the pid of its sender', () => {
  const { machine, service, client, box } = village()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  assert.equal(send(client, to, 'first').attempt(), 0)
  assert.equal(send(client, to, '').attempt(), 0)
  const first = receive(service, box)
  assert.equal(first.attempt(), 5)
  assert.equal(first.words(), 'first')
  assert.equal(first.operation.message.sender, machine.pid(client.slot))
  assert.equal(receive(service, box).attempt(), 0)
  assert.equal(receive(service, box).attempt(), -ERRNO.AGAIN)
})

test('a name is found only in a namespace that was granted, and only with the right to look', () => {
  const { actor, parent, service, client } = village()
  const stranger = actor(parent)
  assert.equal(lookUp(client, 10, 'box ').attempt(), -ERRNO.NOENT)
  assert.equal(lookUp(stranger, 10, 'box').attempt(), -ERRNO.BADF)
  assert.equal(lookUp(service, 10, 'box').attempt(), -ERRNO.ACCES)
  const own = give(stranger, createNamespace(stranger.objects))
  assert.equal(lookUp(stranger, own, 'box').attempt(), -ERRNO.NOENT)
})

test('no right comes out of a namespace that its holder does not have', () => {
  const { client } = village()
  assert.equal(lookUp(client, 10, 'box', RIGHT.SEND | RIGHT.GRANT).attempt(), -ERRNO.ACCES)
  assert.equal(lookUp(client, 10, 'box', RIGHT.RECEIVE).attempt(), -ERRNO.INVAL)
  assert.equal(createNamedPort(client.objects, client.descriptors.get(10), bytes('mine')), -ERRNO.ACCES)
  const to = give(client, lookUp(client, 10, 'box').attempt())
  assert.equal(receive(client, to).attempt(), -ERRNO.ACCES)
  assert.equal(deriveFile(client.objects, client.descriptors.get(to), RIGHT.RECEIVE), -ERRNO.ACCES)
})

test('a second namespace has only what was put into it, with the rights that it was put there with', () => {
  const { actor, parent, names, service, box } = village()
  const [other, guest] = [give(parent, createNamespace(parent.objects)), actor(parent)]
  const port = give(parent, lookUp(parent, names, 'box', RIGHT.SEND | RIGHT.GRANT).attempt())
  const bind = (name: string, rights: number, from = port): number =>
    bindCapability(
      parent.objects,
      parent.descriptors.get(other),
      bytes(name),
      parent.descriptors.get(from),
      rights,
    )
  assert.equal(bind('alias', RIGHT.SEND), 0)
  assert.equal(bind('alias', RIGHT.SEND), -ERRNO.EXIST)
  assert.equal(bind('', RIGHT.SEND), -ERRNO.INVAL)
  assert.equal(bind('none', RIGHT.RECEIVE), -ERRNO.ACCES)
  assert.equal(bind('names', RIGHT.SEND, names), -ERRNO.BADF, 'namespaces have no names')
  assert.equal(hand(parent, guest, other, 3, RIGHT.OPEN | RIGHT.SEND | RIGHT.GRANT), 0)
  assert.equal(lookUp(guest, 3, 'box').attempt(), -ERRNO.NOENT)
  assert.equal(lookUp(guest, 3, 'alias', RIGHT.SEND | RIGHT.GRANT).attempt(), -ERRNO.ACCES)
  const to = give(guest, lookUp(guest, 3, 'alias').attempt())
  assert.equal(send(guest, to, 'x').attempt(), 0)
  parent.descriptors.close(port)
  assert.equal(send(guest, to, 'x').attempt(), 0, 'the name holds what it leads to')
  revoke(service, box)
  assert.equal(send(guest, to, 'x').attempt(), -ERRNO.STALE)
})

test('a name is taken once, and free again when its port has ended', () => {
  const { service, client, box } = village()
  const again = () => createNamedPort(service.objects, service.descriptors.get(10), bytes('box'))
  assert.equal(again(), -ERRNO.EXIST)
  const to = give(client, lookUp(client, 10, 'box').attempt())
  service.descriptors.close(box)
  assert.equal(lookUp(client, 10, 'box').attempt(), -ERRNO.NOENT)
  assert.equal(send(client, to, 'x').attempt(), -ERRNO.PIPE)
  give(service, again())
  has(lookUp(client, 10, 'box').attempt())
  assert.equal(send(client, to, 'x').attempt(), -ERRNO.PIPE, 'the old port, not the new one of that name')
})

test('who waits for a name has it as soon as there is a port of that name', async () => {
  const { service, client } = village()
  const pending = createPending(client.objects)
  const found = new Promise<number>((resolve) => {
    pending.start(lookUp(client, 10, 'later', RIGHT.SEND, WAIT), ({ result }) => resolve(result))
  })
  give(service, createNamedPort(service.objects, service.descriptors.get(10), bytes('later')))
  give(client, await found)
})

test('revoking ends what was derived at once, a sender and a receiver that wait included', async () => {
  const { actor, machine, parent } = village()
  const port = give(parent, createPort(parent.objects))
  const [sender, receiver] = [actor(parent), actor(parent)]
  assert.equal(hand(parent, sender, port, 20, RIGHT.SEND), 0)
  assert.equal(hand(parent, receiver, port, 20, RIGHT.RECEIVE), 0)
  for (let count = 0; count < QUEUE_MESSAGES; count++) assert.equal(send(sender, 20, 'x').attempt(), 0)
  const pending = createPending(machine.objects)
  const waits = (operation: Operation): Promise<number> =>
    new Promise((resolve) => pending.start(operation, ({ result }) => resolve(result)))
  const sending = waits(send(sender, 20, 'one too many', [], WAIT))
  const other = give(parent, createPort(parent.objects))
  assert.equal(hand(parent, receiver, other, 21, RIGHT.RECEIVE), 0)
  const receiving = waits(receive(receiver, 21, 64, 0, WAIT).operation)
  assert.equal(pending.size, 2)
  revoke(parent, port)
  revoke(parent, other)
  assert.deepEqual(await Promise.all([sending, receiving]), [-ERRNO.STALE, -ERRNO.STALE])
  assert.equal(receive(receiver, 20).attempt(), -ERRNO.STALE)
  assert.equal(receive(parent, port).attempt(), 1, 'the parent has lost nothing')
  assert.equal(hand(parent, actor(parent), port, 20), 0, 'and hands it on again')
})

test('revoking a namespace ends what was opened through it; revoking the port ends what anybody has opened', () => {
  const { actor, parent, names, service, client, box } = village()
  const mine = give(parent, deriveFile(parent.objects, parent.descriptors.get(names), ALL))
  const other = actor(parent)
  assert.equal(hand(parent, other, mine, 10), 0)
  const [first, second] = [client, other].map((each) => give(each, lookUp(each, 10, 'box').attempt()))
  revoke(parent, mine)
  assert.equal(send(other, second ?? -1, 'x').attempt(), -ERRNO.STALE)
  assert.equal(lookUp(other, 10, 'box').attempt(), -ERRNO.STALE)
  assert.equal(send(client, first ?? -1, 'x').attempt(), 0)
  revoke(service, box)
  assert.equal(send(client, first ?? -1, 'x').attempt(), -ERRNO.STALE)
  assert.equal(lookUp(client, 10, 'box').attempt(), -ERRNO.NOENT, 'the name was derived too')
})

test('a grandparent revokes although the parent has gone', () => {
  const { actor } = open()
  const first = actor()
  const port = give(first, createPort(first.objects))
  const second = actor(first)
  assert.equal(hand(first, second, port, 5, RIGHT.SEND | RIGHT.GRANT), 0)
  const third = actor(second)
  assert.equal(hand(second, third, 5, 6, RIGHT.SEND), 0)
  releaseProcess(first.objects, second.slot)
  assert.equal(send(third, 6, 'still').attempt(), 0)
  revoke(first, port)
  assert.equal(send(third, 6, 'no more').attempt(), -ERRNO.STALE)
})

test('without the right to hand on, a capability goes neither to a child nor into a message', () => {
  const { actor, client, service, box } = village()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  const child = actor(client)
  assert.equal(hand(client, child, to, 3), -ERRNO.ACCES)
  assert.deepEqual(child.descriptors.list(), [])
  assert.equal(send(client, to, 'take', [{ fd: to, rights: ALL }]).attempt(), -ERRNO.ACCES)
  assert.equal(receive(service, box).attempt(), -ERRNO.AGAIN)
})

test('a child has what it was handed and nothing else; a program without a use for capabilities gets none', () => {
  const { actor, parent, names } = village()
  const child = actor(parent)
  assert.deepEqual(child.descriptors.list(), [])
  assert.equal(inheritDescriptors(parent.objects, parent.slot, child.slot, [[names, 4]]), -ERRNO.NOTSUP)
  assert.deepEqual(child.descriptors.list(), [])
})

test('descriptors go along in a message: a pipe as it is, a capability derived with fewer rights', () => {
  const { service, client, box } = village()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  const answers = give(client, createPort(client.objects))
  const ends = openPipe(client.objects)
  assert.ok(typeof ends !== 'number')
  const [reader, writer] = [give(client, ends.reader), give(client, ends.writer)]
  const parcels = [
    { fd: answers, rights: RIGHT.SEND },
    { fd: writer, rights: 0 },
  ]
  assert.equal(send(client, to, 'call', parcels).attempt(), 0)
  assert.equal(receive(service, box, 64, 1).attempt(), -ERRNO.MSGSIZE, 'no room for two')
  assert.equal(receive(service, box, 3, 4).attempt(), -ERRNO.MSGSIZE, 'no room for four bytes')
  const taken = receive(service, box)
  assert.equal(taken.attempt(), 4)
  const [answer = -1, pipe = -1] = taken.operation.message.fds
  assert.equal(send(service, answer, 'reply').attempt(), 0)
  assert.equal(receive(service, answer).attempt(), -ERRNO.ACCES)
  const reply = receive(client, answers)
  assert.equal(reply.attempt(), 5)
  assert.equal(reply.words(), 'reply')
  client.descriptors.close(writer)
  service.descriptors.close(pipe)
  const entry = { kind: 'read' as const, fd: reader, deadline: 0, ready: 0, bytes: 0, error: 0 }
  assert.equal(pollOperation(client.objects, client.descriptors, [entry]).attempt(), 1)
  assert.equal(entry.ready, READY.READ | READY.HANGUP, 'the last writer was the service')
})

test('the right to receive goes into no message, so that no queue keeps its own port alive', () => {
  const { machine, actor } = open()
  const one = actor()
  const port = give(one, createPort(one.objects))
  assert.equal(send(one, port, 'x', [{ fd: port, rights: ALL }]).attempt(), -ERRNO.INVAL)
  assert.equal(send(one, port, 'x', [{ fd: port, rights: RIGHT.SEND | RIGHT.GRANT }]).attempt(), 0)
  releaseProcess(one.objects, one.slot)
  assert.deepEqual(census(machine.objects), NONE)
})

test('a descriptor that is none of these, or none at all, is EBADF', () => {
  const { client } = village()
  const ends = openPipe(client.objects)
  assert.ok(typeof ends !== 'number')
  const pipe = give(client, ends.writer)
  assert.equal(send(client, pipe, 'x').attempt(), -ERRNO.BADF)
  assert.equal(send(client, 10, 'x').attempt(), -ERRNO.BADF, 'a namespace')
  assert.equal(receive(client, pipe).attempt(), -ERRNO.BADF)
  assert.equal(lookUp(client, pipe, 'box').attempt(), -ERRNO.BADF)
  assert.equal(client.descriptors.get(999), -ERRNO.BADF)
})

test('the death of a service wakes its clients: EPIPE for who sends, and for who waits for an answer that nobody can give', async () => {
  const { machine, service, client } = village()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  const answers = give(client, createPort(client.objects))
  assert.equal(send(client, to, 'call', [{ fd: answers, rights: RIGHT.SEND }]).attempt(), 0)
  assert.equal(limitFile(client.objects, client.descriptors.get(answers), RIGHT.RECEIVE), 0)
  const pending = createPending(machine.objects)
  const answered = new Promise<number>((resolve) => {
    pending.start(receive(client, answers, 64, 0, WAIT).operation, ({ result }) => resolve(result))
  })
  assert.equal(pending.size, 1)
  releaseProcess(service.objects, service.slot)
  assert.equal(await answered, -ERRNO.PIPE)
  assert.equal(send(client, to, 'call').attempt(), -ERRNO.PIPE)
})

test('a full queue is EAGAIN, or waits, until something is taken; messages and bytes are both counted', () => {
  const { actor } = open()
  const one = actor()
  const port = give(one, createPort(one.objects))
  const large = 'x'.repeat(MESSAGE_BYTES_MAX)
  for (let sent = 0; sent < QUEUE_BYTES; sent += large.length)
    assert.equal(send(one, port, large).attempt(), 0)
  assert.equal(send(one, port, 'x').attempt(), -ERRNO.AGAIN)
  const waiting = send(one, port, 'x', [], WAIT)
  assert.equal(waiting.attempt(), PENDING)
  assert.equal(receive(one, port, MESSAGE_BYTES_MAX).attempt(), MESSAGE_BYTES_MAX)
  assert.equal(waiting.attempt(), 0)
  assert.equal(send(one, port, `${large}x`).attempt(), -ERRNO.MSGSIZE)
  setStatusFlags(one.objects, one.descriptors.get(port), STATUS.NONBLOCK)
  assert.equal(send(one, port, large, [], WAIT).attempt(), -ERRNO.AGAIN)
})

test('limits: ports of a process and of the machine, capabilities of a port, steps of derivation, descriptors of a message', () => {
  const { actor, machine } = open()
  const one = actor()
  const ports = Array.from({ length: TARGETS_PER_PROCESS }, () => give(one, createPort(one.objects)))
  assert.equal(createPort(one.objects), -ERRNO.MFILE)
  for (let left = TARGETS_MAX - TARGETS_PER_PROCESS; left > 0; left -= TARGETS_PER_PROCESS) {
    const more = actor()
    for (let count = 0; count < TARGETS_PER_PROCESS; count++) give(more, createPort(more.objects))
  }
  assert.equal(createPort(actor().objects), -ERRNO.NFILE)
  const [port = -1] = ports
  const derive = (fd: number): number => deriveFile(one.objects, one.descriptors.get(fd), ALL)
  let fd = port
  for (let depth = 0; depth < DEPTH_MAX; depth++) fd = give(one, derive(fd))
  assert.equal(derive(fd), -ERRNO.LOOP)
  const files: number[] = []
  for (let count = DEPTH_MAX + 1; count < CAPABILITIES_MAX; count++) files.push(has(derive(port)))
  assert.equal(derive(port), -ERRNO.MFILE)
  for (const file of files) releaseFile(one.objects, file)
  const many = Array.from({ length: 9 }, () => ({ fd: port, rights: RIGHT.SEND }))
  assert.equal(send(one, port, 'x', many).attempt(), -ERRNO['2BIG'])
  assert.equal(census(machine.objects).messagePorts, TARGETS_MAX)
})

test('poll: a port is readable with a message, writable with room, and over when nobody can send', () => {
  const { service, client, box } = village()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  const entry = (kind: 'read' | 'write', fd: number) => ({
    kind,
    fd,
    deadline: 0,
    ready: 0,
    bytes: 0,
    error: 0,
  })
  const ready = (actor: Actor, kind: 'read' | 'write', fd: number): [number, number] => {
    const asked = entry(kind, fd)
    const result = pollOperation(actor.objects, actor.descriptors, [asked]).attempt()
    assert.equal(result, asked.ready === 0 ? PENDING : 1)
    return [asked.ready, asked.bytes]
  }
  assert.deepEqual(ready(service, 'read', box), [0, 0])
  send(client, to, 'four').attempt()
  assert.deepEqual(ready(service, 'read', box), [READY.READ, 4])
  assert.deepEqual(ready(client, 'write', to), [READY.WRITE, MESSAGE_BYTES_MAX])
  service.descriptors.close(box)
  assert.equal(ready(client, 'write', to)[0], READY.WRITE | READY.HANGUP)
})

test('when all processes have gone, nothing is left of their ports, whatever lay in their queues', () => {
  const { machine, before, actor, parent, service, client } = village()
  const heap = machine.used()
  const to = give(client, lookUp(client, 10, 'box').attempt())
  const answers = give(client, createPort(client.objects))
  const names = give(client, createNamespace(client.objects))
  send(client, to, 'a', [
    { fd: answers, rights: RIGHT.SEND | RIGHT.GRANT },
    { fd: names, rights: ALL },
  ]).attempt()
  give(client, createNamedPort(client.objects, client.descriptors.get(names), bytes('inner')))
  const child = actor(client)
  assert.equal(hand(client, child, answers, 9), 0)
  assert.ok(census(machine.objects).capabilities > 8)
  for (const { slot } of [client, parent, child, service]) releaseProcess(machine.objects, slot)
  assert.deepEqual(census(machine.objects), before)
  assert.ok(machine.used() < heap)
})
