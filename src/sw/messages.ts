/** What a page may say to the service worker, and what it hears back on the port that came along. */

export type PageMessage =
  | { type: 'status' }
  /** To the version that waits: take office. */
  | { type: 'accept' }
  /** To the version in office: the page is to be that one from now on. */
  | { type: 'serve'; id: string }

export interface ShellStatus {
  /** Of this worker's own version, and of the one that it opens as the page. */
  id: string
  serves: string
  version: string
  /** Whether the page starts without a connection. */
  offline: boolean
  /** Why not, as a sentence, or ''. */
  problem: string
}

export const parsePageMessage = (data: unknown): PageMessage | null => {
  const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : undefined
  if (type === 'status' || type === 'accept') return { type }
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined
  return type === 'serve' && typeof id === 'string' ? { type, id } : null
}
