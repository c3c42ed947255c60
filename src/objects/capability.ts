/**
 * Capabilities: what a process may do to a message port (port.ts) or to a namespace of ports (namespace.ts). One lies behind an
 * open file, so it is a descriptor to its process: a number that is worth nothing without the entry in the process's own table,
 * which no guest can write. dup, close, poll and the end of a process treat it as any other.
 *
 *   derived ──VIA──► derived from ──VIA──► made with its target        VIA_EPOCH: the other's EPOCH when it was derived
 *      └──ORIGIN──► what the name it was opened by was bound with
 *
 * Revoking counts EPOCH up: everything that was derived before is dead from then on, however far away, without being looked for.
 * A capability is alive when each step up still bears the epoch of its birth.
 *
 * Invariants: rights only ever shrink on the way down; a block stays while something was derived from it, so that a grandparent
 * can still revoke when the parent has gone; only descriptors hold a right to receive (it goes to a child at its spawn and in no
 * message), so what lies in a queue never keeps a port alive, and there are no circles. All under the lock.
 */
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { createOpenFile, FILE, fileObject, streamKind } from './open-file.ts'
import { generation, giveBlock, takeBlock } from './pool.ts'
import { endTarget, freeTarget, TARGET, wakeTarget } from './target.ts'
import { ACCESS, STREAM } from './types.ts'

export const RIGHT = {
  SEND: 1,
  RECEIVE: 2,
  /** May be handed on: to a child, or in a message. */
  GRANT: 4,
  /** Of a namespace: look up a name, and make a port with one. */
  OPEN: 8,
  BIND: 16,
} as const

export const ALL_RIGHTS_OF_CAPABILITY = 31

export const CAPABILITY = {
  TARGET: 2,
  RIGHTS: 3,
  EPOCH: 4,
  VIA: 5,
  VIA_EPOCH: 6,
  ORIGIN: 7,
  ORIGIN_EPOCH: 8,
  /** Steps to the farthest end of its ancestry. */
  DEPTH: 9,
  /** Its holder (an open file or a name), and those that were derived from it. */
  REFERENCES: 10,
  IS_HELD: 11,
  /** Next one of the same target. */
  NEXT: 12,
} as const

const CAPABILITY_WORDS = 16
/** Of one port or namespace: what is walked under the lock stays short. */
export const CAPABILITIES_MAX = 1024
/** Steps of derivation: the walk at each use stays short. */
export const DEPTH_MAX = 16

export interface Ancestry {
  via: number
  origin: number
}

export const NO_ANCESTRY: Ancestry = { via: 0, origin: 0 }

/** A held capability, or -errno: -EMFILE at the limit of its target, -ELOOP when it was derived too often. */
export const addCapability = (
  objects: Objects,
  target: number,
  rights: number,
  { via, origin }: Ancestry,
): number => {
  if (word(objects, target + TARGET.CAPABILITIES) >= CAPABILITIES_MAX) return -ERRNO.MFILE
  const depthOf = (of: number): number => (of === 0 ? -1 : word(objects, of + CAPABILITY.DEPTH))
  const depth = Math.max(depthOf(via), depthOf(origin)) + 1
  if (depth > DEPTH_MAX) return -ERRNO.LOOP
  const capability = takeBlock(objects, SUPERBLOCK.FREE_CAPABILITIES, CAPABILITY_WORDS)
  if (capability < 0) return capability
  const first = word(objects, target + TARGET.FIRST_CAPABILITY)
  const words = { TARGET: target, RIGHTS: rights, DEPTH: depth, REFERENCES: 1, IS_HELD: 1, NEXT: first }
  for (const name of Object.keys(words) as (keyof typeof words)[])
    setWordAt(objects, capability + CAPABILITY[name], words[name])
  setWordAt(objects, target + TARGET.FIRST_CAPABILITY, capability)
  change(objects, target + TARGET.CAPABILITIES, 1)
  descend(objects, capability, CAPABILITY.VIA, via)
  descend(objects, capability, CAPABILITY.ORIGIN, origin)
  return capability
}

/** The word behind VIA and ORIGIN is the epoch. */
const descend = (objects: Objects, capability: number, field: number, from: number): void => {
  if (from === 0) return
  setWordAt(objects, capability + field, from)
  setWordAt(objects, capability + field + 1, word(objects, from + CAPABILITY.EPOCH))
  change(objects, from + CAPABILITY.REFERENCES, 1)
}

const change = (objects: Objects, at: number, by: number): void =>
  setWordAt(objects, at, word(objects, at) + by)

export const isAlive = (objects: Objects, capability: number): boolean => {
  for (let at = capability; at !== 0; at = word(objects, at + CAPABILITY.VIA)) {
    if (!isCurrent(objects, at, CAPABILITY.VIA)) return false
    const origin = word(objects, at + CAPABILITY.ORIGIN)
    if (origin !== 0 && !(isCurrent(objects, at, CAPABILITY.ORIGIN) && isAlive(objects, origin))) return false
  }
  return true
}

const isCurrent = (objects: Objects, capability: number, field: number): boolean => {
  const from = word(objects, capability + field)
  return from === 0 || word(objects, from + CAPABILITY.EPOCH) === word(objects, capability + field + 1)
}

/** Whether somebody has one of these rights: not only on paper, but alive and in somebody's hands. */
export const isHeldByAny = (objects: Objects, target: number, rights: number): boolean => {
  let at = word(objects, target + TARGET.FIRST_CAPABILITY)
  for (; at !== 0; at = word(objects, at + CAPABILITY.NEXT)) {
    const isHeld = word(objects, at + CAPABILITY.IS_HELD) === 1
    if (isHeld && word(objects, at + CAPABILITY.RIGHTS) & rights && isAlive(objects, at)) return true
  }
  return false
}

/** Its holder lets go. A port that nobody can receive from any more ends, and so does a namespace in nobody's hands. */
export const releaseCapability = (objects: Objects, capability: number): void => {
  setWordAt(objects, capability + CAPABILITY.IS_HELD, 0)
  settle(objects, word(objects, capability + CAPABILITY.TARGET))
  drop(objects, capability)
}

const drop = (objects: Objects, capability: number): void => {
  change(objects, capability + CAPABILITY.REFERENCES, -1)
  if (word(objects, capability + CAPABILITY.REFERENCES) > 0) return
  const target = word(objects, capability + CAPABILITY.TARGET)
  const ancestors = [
    word(objects, capability + CAPABILITY.VIA),
    word(objects, capability + CAPABILITY.ORIGIN),
  ]
  unlink(objects, target, capability)
  giveBlock(objects, SUPERBLOCK.FREE_CAPABILITIES, capability)
  change(objects, target + TARGET.CAPABILITIES, -1)
  if (word(objects, target + TARGET.CAPABILITIES) === 0) freeTarget(objects, target)
  for (const ancestor of ancestors) if (ancestor !== 0) drop(objects, ancestor)
}

const unlink = (objects: Objects, target: number, capability: number): void => {
  let link = target + TARGET.FIRST_CAPABILITY
  while (word(objects, link) !== capability) link = word(objects, link) + CAPABILITY.NEXT
  setWordAt(objects, link, word(objects, capability + CAPABILITY.NEXT))
}

/** After a change of who holds what: ends the target if its time has come, and wakes who waits for it. */
export const settle = (objects: Objects, target: number): void => {
  const isPort = word(objects, target + TARGET.KIND) === TARGET.PORT
  const needed = isPort ? RIGHT.RECEIVE : ALL_RIGHTS_OF_CAPABILITY
  if (word(objects, target + TARGET.HAS_ENDED) === 0 && !isHeldByAny(objects, target, needed))
    endTarget(objects, target)
  wakeTarget(objects, target)
}

/** Everything that was derived from it is dead; it lives on itself. */
export const revokeDerived = (objects: Objects, capability: number): void => {
  change(objects, capability + CAPABILITY.EPOCH, 1)
  const all: [target: number, born: number][] = []
  let at = word(objects, SUPERBLOCK.TARGETS)
  for (; at !== 0; at = word(objects, at + TARGET.NEXT)) all.push([at, generation(objects, at)])
  // The end of one may free others.
  for (const [target, born] of all) if (generation(objects, target) === born) settle(objects, target)
}

/** An open file of one's own for the capability, which it takes over, or -errno: then nobody holds it. */
export const openCapability = (objects: Objects, capability: number, status = 0): number => {
  const access = accessOf(word(objects, capability + CAPABILITY.RIGHTS))
  const file = createOpenFile(objects, { stream: STREAM.CAPABILITY, object: capability, access, status })
  if (file < 0) releaseCapability(objects, capability)
  return file
}

const accessOf = (rights: number): number =>
  (rights & RIGHT.RECEIVE ? ACCESS.READ : 0) | (rights & RIGHT.SEND ? ACCESS.WRITE : 0)

/**
 * The capability behind an open file if it is alive and of that kind (0: any) and has all these rights; else -EBADF, -ESTALE when it was
 * revoked, -EACCES.
 */
export const capabilityOf = (objects: Objects, file: number, rights: number, kind = 0): number => {
  if (streamKind(objects, file) !== STREAM.CAPABILITY) return -ERRNO.BADF
  const capability = fileObject(objects, file)
  const target = word(objects, capability + CAPABILITY.TARGET)
  if (kind !== 0 && word(objects, target + TARGET.KIND) !== kind) return -ERRNO.BADF
  if (!isAlive(objects, capability)) return -ERRNO.STALE
  const held = word(objects, capability + CAPABILITY.RIGHTS)
  return (held & rights) === rights ? capability : -ERRNO.ACCES
}

/** Another open file with some of the rights (those that are not there are left out), derived; -EACCES when none is left. */
export const deriveFile = (objects: Objects, file: number, rights: number): number => {
  const from = capabilityOf(objects, file, 0)
  if (from < 0) return from
  const left = word(objects, from + CAPABILITY.RIGHTS) & rights
  if (left === 0) return -ERRNO.ACCES
  const target = word(objects, from + CAPABILITY.TARGET)
  const made = addCapability(objects, target, left, { via: from, origin: 0 })
  return made < 0 ? made : openCapability(objects, made)
}

/** As `deriveFile`, for somebody else: needs the right to hand on. */
export const grantFile = (objects: Objects, file: number, rights: number): number => {
  const from = capabilityOf(objects, file, RIGHT.GRANT)
  return from < 0 ? from : deriveFile(objects, file, rights)
}

/** Gives up rights of one's own. 0, or -errno as `capabilityOf`; -EINVAL when none would be left. */
export const limitFile = (objects: Objects, file: number, rights: number): number => {
  const capability = capabilityOf(objects, file, 0)
  if (capability < 0) return capability
  const left = word(objects, capability + CAPABILITY.RIGHTS) & rights
  if (left === 0) return -ERRNO.INVAL
  setWordAt(objects, capability + CAPABILITY.RIGHTS, left)
  setWordAt(objects, file + FILE.ACCESS, accessOf(left))
  settle(objects, word(objects, capability + CAPABILITY.TARGET))
  return 0
}
