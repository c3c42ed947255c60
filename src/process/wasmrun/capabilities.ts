/** derive, limit, revoke, facts: what can be done to a capability itself, whatever it leads to. */
import { ERRNO } from '../../abi/errno.ts'
import {
  CAPABILITY,
  capabilityOf,
  deriveFile,
  isAlive,
  limitFile,
  revokeDerived,
} from '../../objects/capability.ts'
import { locked, word } from '../../objects/objects.ts'
import { fileObject, streamKind } from '../../objects/open-file.ts'
import { TARGET } from '../../objects/target.ts'
import { STREAM } from '../../objects/types.ts'
import { errnoOf, type Process } from '../process.ts'
import type { Sight } from './sight.ts'

/** What `facts` writes: kind, rights, whether it is alive, messages that wait. */
const FACTS_BYTES = 16

export const capabilityCalls = (process: Process, sight: Sight) => {
  const { objects, descriptors } = process
  /** Under the lock, so that nobody closes the descriptor meanwhile. */
  const withFile = (fd: number, act: (file: number) => number): number =>
    locked(objects, () => {
      const file = descriptors.get(fd)
      return file < 0 ? file : act(file)
    })
  const facts = (fd: number, out: number): number =>
    withFile(fd, (file) => {
      if (streamKind(objects, file) !== STREAM.CAPABILITY) return -ERRNO.BADF
      const capability = fileObject(objects, file)
      const target = word(objects, capability + CAPABILITY.TARGET)
      const isOpen = isAlive(objects, capability) && word(objects, target + TARGET.HAS_ENDED) === 0
      const rights = word(objects, capability + CAPABILITY.RIGHTS)
      const words = [
        word(objects, target + TARGET.KIND),
        rights,
        Number(isOpen),
        word(objects, target + TARGET.COUNT),
      ]
      for (const [index, value] of words.entries()) sight.put(out + index * 4, value)
      return 0
    })
  return {
    derive: (fd: number, rights: number, out: number): number => {
      sight.begin()
      if (!sight.has(out, 4)) return ERRNO.FAULT
      return sight.give(() => withFile(fd, (file) => deriveFile(objects, file, rights)), out)
    },
    limit: (fd: number, rights: number): number => {
      sight.begin()
      return errnoOf(withFile(fd, (file) => limitFile(objects, file, rights)))
    },
    revoke: (fd: number): number => {
      sight.begin()
      return errnoOf(
        withFile(fd, (file) => {
          const capability = capabilityOf(objects, file, 0)
          if (capability > 0) revokeDerived(objects, capability)
          return Math.min(capability, 0)
        }),
      )
    },
    facts: (fd: number, out: number): number => {
      sight.begin()
      return sight.has(out, FACTS_BYTES) ? errnoOf(facts(fd, out)) : ERRNO.FAULT
    },
  }
}
