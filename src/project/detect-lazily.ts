/**
 * Detection over a project whose files are not at hand: it is asked again until everything it looked into has been read. That are
 * a few small files, however many there are.
 */
import { detect, type Surroundings } from './detect.ts'
import { createView } from './pack.ts'
import type { Detection } from './target.ts'
import type { WalkPlan } from './walk.ts'

/** Of what is asked for beyond these (of thousands of loose scripts, each could be the program) only the name counts. */
const READ_MAX = 400
/** What is found in a file may lead to another; never so far in a project that is meant to be run. */
const ROUNDS_MAX = 16

/** A file that cannot be read is as good as empty: what is wrong with it is told by who runs it. */
export const detectLazily = async (
  { files }: Pick<WalkPlan, 'files'>,
  known: Surroundings = {},
): Promise<Detection> => {
  const paths = files.map(({ path, size, modifiedNs }) => ({ path, size, modifiedNs: modifiedNs ?? 0n }))
  const byPath = new Map(files.map((file) => [file.path, file]))
  const read = new Map<string, Uint8Array>()
  for (let round = 0; ; round++) {
    const wanted = new Set<string>()
    const view = createView(paths, (path) => {
      const isNew = !read.has(path) && byPath.has(path)
      if (isNew && read.size + wanted.size < READ_MAX) wanted.add(path)
      return read.get(path)
    })
    const detection = detect(view, known)
    if (wanted.size === 0 || round === ROUNDS_MAX) return detection
    const load = async (path: string): Promise<void> => {
      const bytes = await byPath
        .get(path)
        ?.read()
        .catch(() => undefined)
      read.set(path, bytes ?? new Uint8Array(0))
    }
    await Promise.all([...wanted].map(load))
  }
}
