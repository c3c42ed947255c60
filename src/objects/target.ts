/**
 * What capabilities lead to, ports and namespaces alike: a block each, in one list. Ports use the queue's words, namespaces the
 * list of names; what ends the one and the other is passed on from here.
 *
 * Invariant: a block is there while a capability leads to it, alive or not; HAS_ENDED goes from 0 to 1 once, and from then on it
 * holds nothing.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt, SUPERBLOCK } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import { emptyNames } from './namespace.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { giveBlock, takeBlock } from './pool.ts'
import { emptyQueue } from './queue.ts'

export const TARGET = {
  /** Values of KIND. */
  PORT: 1,
  NAMESPACE: 2,
  KIND: 2,
  FIRST_CAPABILITY: 3,
  /** How many lead here. */
  CAPABILITIES: 4,
  /** In the list of all. */
  NEXT: 5,
  HAS_ENDED: 6,
  /** First and last message; first name. */
  FIRST: 7,
  LAST: 8,
  /** Messages or names, and bytes of the messages. */
  COUNT: 9,
  BYTES: 10,
  /** Pid of its maker, for the limit. */
  MAKER: 11,
  READ_WAITERS: 16,
  WRITE_WAITERS: 24,
} as const

const TARGET_WORDS = 32
/** Of the machine: the list is walked under the lock. */
export const TARGETS_MAX = 256
/** Of one process, so that none takes all. */
export const TARGETS_PER_PROCESS = 64

/** A port or namespace that nothing leads to yet (so the caller adds a capability at once, or frees it), -ENFILE, -EMFILE or -ENOMEM. */
export const createTarget = (objects: Objects, kind: number): number => {
  const { slot, memory } = objects
  const maker = slot < 0 ? 0 : getWord(memory, processAt(slot) + PROCESS.PID)
  let [all, own] = [0, 0]
  for (let at = word(objects, SUPERBLOCK.TARGETS); at !== 0; at = word(objects, at + TARGET.NEXT)) {
    all++
    if (word(objects, at + TARGET.MAKER) === maker) own++
  }
  if (all >= TARGETS_MAX) return -ERRNO.NFILE
  if (own >= TARGETS_PER_PROCESS) return -ERRNO.MFILE
  const target = takeBlock(objects, SUPERBLOCK.FREE_TARGETS, TARGET_WORDS)
  if (target < 0) return target
  setWordAt(objects, target + TARGET.KIND, kind)
  setWordAt(objects, target + TARGET.MAKER, maker)
  setWordAt(objects, target + TARGET.NEXT, word(objects, SUPERBLOCK.TARGETS))
  setWordAt(objects, SUPERBLOCK.TARGETS, target)
  return target
}

export const freeTarget = (objects: Objects, target: number): void => {
  let link: number = SUPERBLOCK.TARGETS
  while (word(objects, link) !== target) link = word(objects, link) + TARGET.NEXT
  setWordAt(objects, link, word(objects, target + TARGET.NEXT))
  giveBlock(objects, SUPERBLOCK.FREE_TARGETS, target)
}

/** Nobody can receive from the port, or look at the namespace, any more: what it holds is given back. */
export const endTarget = (objects: Objects, target: number): void => {
  setWordAt(objects, target + TARGET.HAS_ENDED, 1)
  if (word(objects, target + TARGET.KIND) === TARGET.PORT) emptyQueue(objects, target)
  else emptyNames(objects, target)
}

export const wakeTarget = ({ memory }: Objects, target: number): void => {
  wakeSet(memory, target + TARGET.READ_WAITERS)
  wakeSet(memory, target + TARGET.WRITE_WAITERS)
}

/** Ports, namespaces and waiting messages of the machine, for its audit. */
export const countTargets = (
  objects: Objects,
): { messagePorts: number; namespaces: number; messages: number } => {
  const found = { messagePorts: 0, namespaces: 0, messages: 0 }
  for (let at = word(objects, SUPERBLOCK.TARGETS); at !== 0; at = word(objects, at + TARGET.NEXT)) {
    const isPort = word(objects, at + TARGET.KIND) === TARGET.PORT
    if (isPort) found.messagePorts++
    else found.namespaces++
    if (isPort) found.messages += word(objects, at + TARGET.COUNT)
  }
  return found
}
