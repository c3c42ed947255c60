/** What the calls on a capability have in common: how they wait, and what other descriptors' calls (close, poll) do with one. */
import { ERRNO } from '../abi/errno.ts'
import { CAPABILITY, isAlive, isHeldByAny, RIGHT, releaseCapability } from './capability.ts'
import { type CapabilityKind, locked, type Objects, word } from './objects.ts'
import { fileObject, streamKind } from './open-file.ts'
import { generation } from './pool.ts'
import { firstMessage, hasRoom, MESSAGE_BYTES_MAX } from './queue.ts'
import { isNonblocking } from './stream.ts'
import { TARGET } from './target.ts'
import { type Operation, PENDING, READY, STREAM } from './types.ts'

/** What a call that may wait needs besides: it never waits where `isPatient` says so. */
export interface Manner {
  isPatient: boolean
}

/** The answer of an attempt that would have to wait: PENDING, or the errno where it may not. */
export const later = (objects: Objects, file: number, { isPatient }: Manner, errno: number): number =>
  isPatient && !isNonblocking(objects, file) ? PENDING : -errno

/** `attempt` runs under the lock, while the open file is the one that it was. */
export const operationOn = (
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
