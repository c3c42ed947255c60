/**
 * Messages: sent to a port, received from it. One is some bytes and some descriptors; it arrives whole, in order, with the pid of its
 * sender, which the machine has put there.
 *
 *   senders ──SEND──► [ at most 64 messages, 256 KiB ] ──RECEIVE──► one of the receivers
 *                                WRITE_WAITERS ◄┘  └► READ_WAITERS
 *
 * Invariant: whether a call is allowed is looked up anew at each attempt, so a revocation ends a call that waits; of what is attached
 * all goes or nothing.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import { CAPABILITY, capabilityOf, grantFile, isHeldByAny, RIGHT } from './capability.ts'
import { later, type Manner, operationOn } from './capability-calls.ts'
import { type Objects, word } from './objects.ts'
import { addReference, fileObject, releaseFile, streamKind } from './open-file.ts'
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
import { TARGET } from './target.ts'
import { type Descriptors, type Operation, STREAM } from './types.ts'

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
  manner: Manner,
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
    if (!hasRoom(objects, port, bytes)) return later(objects, file, manner, ERRNO.AGAIN)
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
  manner: Manner,
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
      return later(objects, file, manner, ERRNO.AGAIN)
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
