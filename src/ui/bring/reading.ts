/** The part of bringing a project that is fetched when it is first needed: walk, ignore rules, archives, detection. */
export { openArchive } from '../../project/archive.ts'
export { sourceFromDrop, sourceFromFiles } from '../../project/drop.ts'
export { sourceFromFileList, sourceFromHandle } from '../../project/folder.ts'
export { loadPlan } from '../../project/load.ts'
export { packProject } from '../../project/pack.ts'
export { raiseLimits, walk } from '../../project/walk.ts'
export { createDesk } from './desk.ts'
export { plansOf } from './plans.ts'
