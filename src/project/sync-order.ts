/** In which order the actions of a round are done, so that each can be done and nothing is lost when a round breaks off. */
import { ancestors } from '../lib/path.ts'
import type { SyncAction } from './sync.ts'

const RANK: Record<SyncAction['type'], number> = {
  aside: 0,
  'remove-here': 4,
  'remove-there': 4,
  'make-here': 2,
  'make-there': 2,
  take: 3,
  give: 3,
}

/** What is in the way of something new goes first; other removals come last, when what they might have become is safe. */
export const inOrder = (actions: readonly SyncAction[]): SyncAction[] => {
  const made = new Set<string>()
  for (const action of actions)
    if (RANK[action.type] === 2 || RANK[action.type] === 3) made.add(folded(action.path))
  const clears = (path: string): boolean => {
    const name = folded(path)
    return made.has(name) || ancestors(name).some((parent) => made.has(parent) && !isMadeFolder(parent))
  }
  const folders = new Set(actions.filter(({ type }) => RANK[type] === 2).map(({ path }) => folded(path)))
  const isMadeFolder = (name: string): boolean => folders.has(name)
  const rank = (action: SyncAction): number =>
    RANK[action.type] === 4 && clears(action.path) ? 1 : RANK[action.type]
  const depthOf = (action: SyncAction): number => {
    const depth = action.path.split('/').length
    return RANK[action.type] === 4 ? -depth : depth
  }
  return actions
    .map((action, index) => ({ action, index, rank: rank(action), depth: depthOf(action) }))
    .sort((a, b) => a.rank - b.rank || a.depth - b.depth || a.index - b.index)
    .map(({ action }) => action)
}

/** As a disk that ignores case and normal forms would compare it. */
export const folded = (path: string): string => path.normalize('NFC').toLowerCase().normalize('NFC')
