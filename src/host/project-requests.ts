/**
 * What page and kernel may ask about projects, each argument checked. The kernel runs beside guests: it can read and append to
 * the one project that the page has opened for it, a bounded amount at a time, and nothing else.
 */

import { ERRNO, SysError } from '../abi/errno.ts'
import type { PartRecord, ProjectsForKernel, ProjectsForPage, StorageFigures } from '../abi/project.ts'
import { moving } from '../ipc/rpc.ts'
import { HEADER_BYTES, PART_BYTES } from '../lib/segment.ts'
import { isBytes } from './project-records.ts'
import { exportProject } from './project-zip.ts'
import { type Projects, sizeOf } from './projects.ts'

/** Of one call. */
const MAX_PARTS = 16
const MAX_NAME = 200
const ID = /^[0-9A-Za-z-]{1,64}$/

const refuse = (subject: string, words: string): SysError => new SysError(ERRNO.INVAL, subject, words)

const projectId = (value: unknown): string => {
  if (typeof value === 'string' && ID.test(value)) return value
  throw new SysError(ERRNO.NOENT, shown(value), 'there is no such project')
}

/** Other things may refuse to be turned into a text. */
const shown = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 80) : typeof value

/** Control characters would make it unreadable, and a slash a bad file name for its archive. */
export const parseProjectName = (value: unknown): string => {
  const name = typeof value === 'string' ? value.trim() : ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (name === '' || name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name) || !name.isWellFormed())
    throw refuse(name.slice(0, 80), `the name of a project has 1 to ${MAX_NAME} characters on one line`)
  return name
}

const count = (value: unknown, most: number): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
  throw refuse(shown(value), 'that is no count')
}

const parsePartRecord = (value: unknown): PartRecord => {
  if (typeof value !== 'object' || value === null) throw refuse('part', 'that is no part')
  const { bytes, body, ids, batch, index, commit } = value as Partial<Record<keyof PartRecord, unknown>>
  const isPiece = (each: unknown): each is ArrayBuffer | Blob => isBytes(each) && sizeOf(each) <= PART_BYTES
  if (!isPiece(bytes) || (body !== null && !isPiece(body)))
    throw refuse('part', 'head and body of a part have at most 8 MiB each')
  // Every id stands for a record of at least twelve bytes, so that who counts the bytes has counted the ids.
  if (
    !(ids instanceof Uint32Array) ||
    ids.byteLength !== ids.buffer.byteLength ||
    HEADER_BYTES + ids.length * 12 > sizeOf(bytes)
  )
    throw refuse('part', 'a part names the inodes that it speaks of')
  return {
    bytes,
    body,
    ids,
    batch: count(batch, 2 ** 31),
    index: count(index, 2 ** 31),
    commit: commit === true,
  }
}

const parseParts = (value: unknown): PartRecord[] => {
  if (!Array.isArray(value) || value.length > MAX_PARTS)
    throw refuse('parts', `at most ${MAX_PARTS} at a time`)
  return value.map(parsePartRecord)
}

/** Arguments are `unknown` whatever the face says: they come from another thread. */
export const projectsForKernel = ({ forKernel }: Projects): ProjectsForKernel => ({
  readParts: async (from: unknown) => {
    const chunk = await forKernel.readParts(count(from, 2 ** 40))
    return moving(
      chunk,
      chunk.parts.flatMap(({ bytes, body }) => [bytes, body].filter((each) => each instanceof ArrayBuffer)),
    )
  },
  appendLog: async (parts: unknown, entries: unknown) =>
    forKernel.appendLog(parseParts(parts), count(entries, 2 ** 31)),
  restartLog: () => forKernel.restartLog(),
  beginBase: () => forKernel.beginBase(),
  appendBase: async (parts: unknown) => forKernel.appendBase(parseParts(parts)),
  switchBase: () => forKernel.switchBase(),
})

export const projectsForPage = (
  projects: Projects,
  estimate: () => Promise<StorageFigures>,
): ProjectsForPage => ({
  listProjects: () => projects.list(),
  createProject: async (name: unknown, isSealed: unknown) =>
    projects.create(parseProjectName(name), isSealed === true),
  sealProject: async (id: unknown, isSealed: unknown) => projects.seal(projectId(id), isSealed !== false),
  openProject: async (id: unknown, takeOver: unknown) => projects.open(projectId(id), takeOver === true),
  closeProject: () => projects.close(),
  renameProject: async (id: unknown, name: unknown) => projects.rename(projectId(id), parseProjectName(name)),
  duplicateProject: async (id: unknown, name: unknown) =>
    projects.duplicate(projectId(id), parseProjectName(name)),
  deleteProject: async (id: unknown) => projects.remove(projectId(id)),
  exportProject: async (id: unknown) => {
    const exported = await exportProject(projects, projectId(id))
    return moving(exported, [exported.zip])
  },
  estimateStorage: estimate,
})
