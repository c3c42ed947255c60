/** The examples that come with the site: a list, and one .zip each, beside the page. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { messageOf } from '../format.ts'

export interface Example {
  readonly id: string
  readonly title: string
  readonly sentence: string
  readonly language: string
  /** The file to look at first, or ''. */
  readonly open: string
  /** Name of the archive, beside gallery.json. */
  readonly zip: string
}

export interface Gallery {
  readonly examples: ReadonlySignal<readonly Example[]>
  /** Why there is no list, or ''. */
  readonly problem: ReadonlySignal<string>
  load(): Promise<void>
  fetchZip(example: Example, signal: AbortSignal): Promise<Blob>
}

const FOLDER = 'examples/'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What gallery.json says; an entry without an archive of a plain name is left out. */
export const parseGallery = (value: unknown): Example[] => {
  const list = typeof value === 'object' && value !== null && 'examples' in value ? value.examples : null
  if (!Array.isArray(list)) throw new Error('gallery.json has no list of examples.')
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return []
    const fields = entry as Record<string, unknown>
    const zip = text(fields.zip)
    if (!/^[\w.-]+\.zip$/.test(zip)) return []
    return {
      id: text(fields.id) || zip,
      title: text(fields.title) || zip,
      sentence: text(fields.sentence),
      language: text(fields.language),
      open: text(fields.open),
      zip,
    }
  })
}

/** @param get fetches a path relative to the page */
export const createGallery = (get: (path: string, signal?: AbortSignal) => Promise<Response>): Gallery => {
  const examples = signal<readonly Example[]>([])
  const problem = signal('')
  const fetched = async (path: string, abort?: AbortSignal): Promise<Response> => {
    const response = await get(FOLDER + path, abort)
    if (!response.ok) throw new Error(`${FOLDER}${path} answered ${response.status}.`)
    return response
  }
  return {
    examples,
    problem,
    async load() {
      try {
        examples.value = parseGallery(await (await fetched('gallery.json')).json())
        problem.value = ''
      } catch (error) {
        problem.value = `The examples could not be listed: ${messageOf(error)}`
      }
    },
    fetchZip: async (example, abort) => (await fetched(example.zip, abort)).blob(),
  }
}
