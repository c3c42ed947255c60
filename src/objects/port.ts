/**
 * Message ports and namespaces, as their users see them: made, named, opened by name. What goes through a port is in message.ts.
 *
 * Invariant: whether a call is allowed is looked up anew at each attempt, so a revocation ends a call that waits.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { wakeSet } from '../memory/wake.ts'
import {
  addCapability,
  CAPABILITY,
  capabilityOf,
  NO_ANCESTRY,
  openCapability,
  RIGHT,
  releaseCapability,
} from './capability.ts'
import { later, type Manner, operationOn } from './capability-calls.ts'
import { bindName, findName, NAME_BYTES_MAX } from './namespace.ts'
import { locked, type Objects, word } from './objects.ts'
import { createTarget, freeTarget, TARGET } from './target.ts'
import type { Operation } from './types.ts'

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
  manner: Manner,
  keep = (opened: number): number => opened,
): Operation =>
  operationOn(objects, file, SYSCALLS.port.number, TARGET.READ_WAITERS, () => {
    const through = capabilityOf(objects, file, RIGHT.OPEN, TARGET.NAMESPACE)
    if (through < 0) return through
    if (rights === 0 || rights & ~NAMED_RIGHTS) return -ERRNO.INVAL
    if (rights & ~word(objects, through + CAPABILITY.RIGHTS)) return -ERRNO.ACCES
    const origin = findName(objects, word(objects, through + CAPABILITY.TARGET), name)
    if (origin < 0) return later(objects, file, manner, -origin)
    if (rights & ~word(objects, origin + CAPABILITY.RIGHTS)) return -ERRNO.ACCES
    const target = word(objects, origin + CAPABILITY.TARGET)
    const made = opened(objects, addCapability(objects, target, rights, { via: through, origin }))
    return made < 0 ? made : keep(made)
  })
