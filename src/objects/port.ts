/**
 * Message ports, as their users see them: made, opened by name, sent to, received from. A message is some bytes and some
 * descriptors; it arrives whole, in order, with the pid of its sender, which the machine has put there.
 *
 *   senders ──SEND──► [ at most 64 messages, 256 KiB ] ──RECEIVE──► one of the receivers
 *                                WRITE_WAITERS ◄┘  └► READ_WAITERS
 *
 * Invariant: whether a call is allowed is looked up anew at each attempt, so a revocation ends a call that waits.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import {
  addCapability,
  CAPABILITY,
  capabilityOf,
  grantFile,
  isAlive,
  isHeldByAny,
  NO_ANCESTRY,
  openCapability,
  RIGHT,
  releaseCapability,
} from './capability.ts'
import { bindName, findName, NAME_BYTES_MAX } from './namespace.ts'
import { type CapabilityKind, locked, type Objects, word } from './objects.ts'
import { addReference, fileObject, releaseFile, streamKind } from './open-file.ts'
import { generation } from './pool.ts'
import {
  ATTACHED_MAX,
  firstMessage,
  hasRoom,
  MESSAGE_BYTES_MAX,
  type Parcel,
  putMessage,
  takeMessage,
} from './queue.ts'
import { type Spans, spansFit, spansTotal } from './spans.ts'
import { isNonblocking } from './stream.ts'
import { createTarget, freeTarget, TARGET } from './target.ts'
import { type Descriptors, type Operation, PENDING, READY, STREAM } from './types.ts'

/** Rights of who makes a namespace, a port with a name (its holder serves, and does not count as a sender), a port without. */
const NAMESPACE_RIGHTS = RIGHT.OPEN | RIGHT.BIND | RIGHT.SEND | RIGHT.GRANT
const SERVICE_RIGHTS = RIGHT.RECEIVE | RIGHT.GRANT
/** What a name can lead to at most. */
const NAMED_RIGHTS = RIGHT.SEND | RIGHT.GRANT
const PORT_RIGHTS = RIGHT.RECEIVE | RIGHT.GRANT | RIGHT.SEND

const create = (objects: Objects, kind: number, rights: number): number => {
  const target = createTarget(objects, kind)
  if (target < 0) return target
  const capability = addCapability(objects, target, rights, NO_ANCESTRY)
  if (capability < 0) freeTarget(objects, target)
  return capability
}

const opened = (objects: Objects, capability: number): number =>
  capability < 0 ? capability : openCapability(objects, capability)

/** An open file with all rights to a new namespace, or -errno. */
export const createNamespace = (objects: Objects): number =>
  locked(objects, () => opened(objects, create(objects, TARGET.NAMESPACE, NAMESPACE_RIGHTS)))

/** An open file with all rights to a new port without a name, or -errno. */
export const createPort = (objects: Objects): number =>
  locked(objects, () => opened(objects, create(objects, TARGET.PORT, PORT_RIGHTS)))

/**
 * An open file to receive from a new port with a name in the namespace behind an open file. -EACCES without the right to bind,
 * -EEXIST, -EINVAL for a name that is none.
 */
export const createNamedPort = (objects: Objects, file: number, name: Uint8Array): number =>
  locked(objects, () => {
    const through = capabilityOf(objects, file, RIGHT.BIND, TARGET.NAMESPACE)
    if (through < 0) return through
    if (name.length === 0 || name.length > NAME_BYTES_MAX) return -ERRNO.INVAL
    const port = create(objects, TARGET.PORT, SERVICE_RIGHTS)
    if (port < 0) return port
    const namespace = word(objects, through + CAPABILITY.TARGET)
    const refused = bindName(objects, namespace, name, port, NAMED_RIGHTS)
    if (refused < 0) releaseCapability(objects, port)
    else wakeSet(objects.memory, namespace + TARGET.READ_WAITERS)
    return refused < 0 ? refused : openCapability(objects, port)
  })

/**
 * Gives the port behind an open file a name in a namespace, with some of the rights to it (SEND, GRANT): 0, or -EACCES where it may not
 * be handed on or the namespace may not be added to, -EEXIST, -EINVAL, -ENOSPC, -ESTALE.
 */
export const bindCapability = (
  objects: Objects,
  file: number,
  name: Uint8Array,
  port: number,
  rights: number,
): number =>
  locked(objects, () => {
    const through = capabilityOf(objects, file, RIGHT.BIND, TARGET.NAMESPACE)
    if (through < 0) return through
    const from = capabilityOf(objects, port, RIGHT.GRANT, TARGET.PORT)
    if (from < 0) return from
    if (name.length === 0 || name.length > NAME_BYTES_MAX) return -ERRNO.INVAL
    const left = word(objects, from + CAPABILITY.RIGHTS) & rights & NAMED_RIGHTS
    if (left === 0) return -ERRNO.ACCES
    const namespace = word(objects, through + CAPABILITY.TARGET)
    const refused = bindName(objects, namespace, name, from, left)
    if (refused === 0) wakeSet(objects.memory, namespace + TARGET.READ_WAITERS)
    return refused
  })

/** What a call that may wait needs besides: it never waits where `isPatient` says so. */
export interface Manner {
  isPatient: boolean
}

/**
 * An open file for the port of that name, with the rights asked for (SEND, GRANT), which the namespace's own and those that the name
 * was bound with must include. -EACCES; -ENOENT, or, patient, it waits until there is one of that name. `keep` takes the open file over
 * and gives the result, under the lock: a thread that is killed has made nothing, or has it where it is found.
 */
export const openOperation = (
  objects: Objects,
  file: number,
  name: Uint8Array,
  rights: number,
  { isPatient }: Manner,
  keep = (opened: number): number => opened,
): Operation =>
  operationOn(objects, file, SYSCALLS.port.number, TARGET.READ_WAITERS, () => {
    const through = capabilityOf(objects, file, RIGHT.OPEN, TARGET.NAMESPACE)
    if (through < 0) return through
    if (rights === 0 || rights & ~NAMED_RIGHTS) return -ERRNO.INVAL
    if (rights & ~word(objects, through + CAPABILITY.RIGHTS)) return -ERRNO.ACCES
    const origin = findName(objects, word(objects, through + CAPABILITY.TARGET), name)
    if (origin < 0) return isPatient && !isNonblocking(objects, file) ? PENDING : origin
    if (rights & ~word(objects, origin + CAPABILITY.RIGHTS)) return -ERRNO.ACCES
    const target = word(objects, origin + CAPABILITY.TARGET)
    const made = opened(objects, addCapability(objects, target, rights, { via: through, origin }))
    return made < 0 ? made : keep(made)
  })

/** A descriptor to be sent, and of a capability the rights that go along. */
export interface Attachment {
  fd: number
  rights: number
}

/**
 * Sends one message: 0, or -EAGAIN when it may not wait for room, -EACCES, -ESTALE when it was revoked, -EPIPE when nobody can
 * receive, -EMSGSIZE, -E2BIG for too many descriptors, -EBADF, and of an attached capability -EACCES when it may not be handed on,
 * -EINVAL with the right to receive.
 */
export const sendOperation = (
  objects: Objects,
  descriptors: Descriptors,
  file: number,
  spans: Spans,
  attachments: readonly Attachment[],
  { isPatient }: Manner,
): Operation => {
  const bytes = spansTotal(spans)
  return operationOn(objects, file, SYSCALLS.send.number, TARGET.WRITE_WAITERS, () => {
    const capability = capabilityOf(objects, file, RIGHT.SEND, TARGET.PORT)
    if (capability < 0) return capability
    if (bytes > MESSAGE_BYTES_MAX) return -ERRNO.MSGSIZE
    if (attachments.length > ATTACHED_MAX) return -ERRNO['2BIG']
    if (!spansFit(spans)) return -ERRNO.FAULT
    const port = word(objects, capability + CAPABILITY.TARGET)
    if (word(objects, port + TARGET.HAS_ENDED) !== 0) return -ERRNO.PIPE
    if (!hasRoom(objects, port, bytes))
      return isPatient && !isNonblocking(objects, file) ? PENDING : -ERRNO.AGAIN
    const parcels = pack(objects, descriptors, attachments)
    if (typeof parcels === 'number') return parcels
    const sender = objects.slot < 0 ? 0 : getWord(objects.memory, processAt(objects.slot) + PROCESS.PID)
    const refused = putMessage(objects, port, sender, spans, bytes, parcels)
    if (refused < 0) for (const parcel of parcels) releaseFile(objects, parcel.file)
    else wakeSet(objects.memory, port + TARGET.READ_WAITERS)
    return refused
  })
}

/** All of them or none. */
const pack = (
  objects: Objects,
  descriptors: Descriptors,
  attachments: readonly Attachment[],
): Parcel[] | number => {
  const parcels: Parcel[] = []
  for (const { fd, rights } of attachments) {
    const file = descriptors.get(fd)
    const packed = file < 0 ? file : packOne(objects, file, rights)
    if (packed < 0) {
      for (const parcel of parcels) releaseFile(objects, parcel.file)
      return packed
    }
    parcels.push({ file: packed, ...descriptors.rights(fd) })
  }
  return parcels
}

const packOne = (objects: Objects, file: number, rights: number): number => {
  if (streamKind(objects, file) !== STREAM.CAPABILITY) {
    addReference(objects, file)
    return file
  }
  const receives = word(objects, fileObject(objects, file) + CAPABILITY.RIGHTS) & rights & RIGHT.RECEIVE
  return receives ? -ERRNO.INVAL : grantFile(objects, file, rights)
}

export interface ReceiveOperation extends Operation {
  /** Filled once attempt() gave ≥ 0, and `bytes` with -EMSGSIZE. */
  readonly message: { bytes: number; sender: number; fds: number[] }
}

/**
 * Receives the first message: its size. -EMSGSIZE when there is no room for it (bytes, or more than `most` descriptors): it stays.
 * -EPIPE when none waits and nobody can send any more, -EAGAIN, -EACCES, -ESTALE, -EMFILE, -EBADF.
 */
export const receiveOperation = (
  objects: Objects,
  descriptors: Descriptors,
  file: number,
  spans: Spans,
  most: number,
  { isPatient }: Manner,
): ReceiveOperation => {
  const message: ReceiveOperation['message'] = { bytes: 0, sender: 0, fds: [] }
  const room = spansTotal(spans)
  const attempt = (): number => {
    const capability = capabilityOf(objects, file, RIGHT.RECEIVE, TARGET.PORT)
    if (capability < 0) return capability
    if (!spansFit(spans)) return -ERRNO.FAULT
    const port = word(objects, capability + CAPABILITY.TARGET)
    const first = firstMessage(objects, port)
    if (!first) {
      if (!isHeldByAny(objects, port, RIGHT.SEND)) return -ERRNO.PIPE
      return isPatient && !isNonblocking(objects, file) ? PENDING : -ERRNO.AGAIN
    }
    Object.assign(message, { bytes: first.bytes, sender: first.sender })
    if (first.bytes > room || first.parcels.length > most) return -ERRNO.MSGSIZE
    const fds = unpack(objects, descriptors, first.parcels)
    if (typeof fds === 'number') return fds
    takeMessage(objects, port, spans)
    for (const { file } of first.parcels) releaseFile(objects, file)
    wakeSet(objects.memory, port + TARGET.WRITE_WAITERS)
    message.fds = fds
    return first.bytes
  }
  return {
    ...operationOn(objects, file, SYSCALLS.receive.number, TARGET.READ_WAITERS, attempt),
    message,
  }
}

/** Descriptors of the receiver's own, for all of them or for none. The message keeps its references. */
const unpack = (
  objects: Objects,
  descriptors: Descriptors,
  parcels: readonly Parcel[],
): number[] | number => {
  const fds: number[] = []
  for (const { file, base, inheriting } of parcels) {
    addReference(objects, file)
    const fd = descriptors.install(file, { base, inheriting })
    if (fd >= 0) {
      fds.push(fd)
      continue
    }
    releaseFile(objects, file)
    for (const taken of fds) descriptors.close(taken)
    return fd
  }
  return fds
}

/** `attempt` runs under the lock, while the open file is the one that it was. */
const operationOn = (
  objects: Objects,
  file: number,
  call: number,
  waiters: number,
  attempt: () => number,
): Operation => {
  const born = generation(objects, file)
  const set = streamKind(objects, file) === STREAM.CAPABILITY ? targetOf(objects, file) + waiters : 0
  return {
    call,
    attempt: () => locked(objects, () => (generation(objects, file) === born ? attempt() : -ERRNO.BADF)),
    watch: (join) => {
      if (set === 0) return
      if (join) objects.waits.join(set)
      else objects.waits.leave(set)
    },
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  }
}

const targetOf = (objects: Objects, file: number): number =>
  word(objects, fileObject(objects, file) + CAPABILITY.TARGET)

const KIND: CapabilityKind = {
  close: releaseCapability,
  waitSet: (objects, capability, direction) =>
    word(objects, capability + CAPABILITY.TARGET) +
    (direction === 'read' ? TARGET.READ_WAITERS : TARGET.WRITE_WAITERS),
  poll: (objects, capability, entry) => {
    const port = word(objects, capability + CAPABILITY.TARGET)
    const isRead = entry.kind === 'read'
    const ready = isRead ? READY.READ : READY.WRITE
    const isOver =
      word(objects, port + TARGET.HAS_ENDED) !== 0 ||
      !isAlive(objects, capability) ||
      (isRead && word(objects, port + TARGET.COUNT) === 0 && !isHeldByAny(objects, port, RIGHT.SEND))
    if (isOver) entry.ready = ready | READY.HANGUP
    else if (isRead && word(objects, port + TARGET.COUNT) > 0) entry.ready = ready
    // Room for a message of any size, or "ready" would not mean that a send goes through.
    else if (!isRead && hasRoom(objects, port, MESSAGE_BYTES_MAX)) entry.ready = ready
    if (entry.ready !== 0)
      entry.bytes = isRead ? (firstMessage(objects, port)?.bytes ?? 0) : MESSAGE_BYTES_MAX
  },
}

/** From now on this thread's process may hold capabilities. */
export const knowCapabilities = (objects: Objects): void => {
  objects.capabilities = KIND
}
