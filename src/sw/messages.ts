/** What a page may say to the service worker, and what it hears back on the port that came along. */

export type PageMessage = { type: 'status' } | { type: 'accept' }

export interface ShellStatus {
  /** Of the version that this worker serves. */
  id: string
  version: string
  /** Whether the page starts without a connection. */
  offline: boolean
  /** Why not, as a sentence, or ''. */
  problem: string
}

export const parsePageMessage = (data: unknown): PageMessage | null => {
  const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : undefined
  return type === 'status' || type === 'accept' ? { type } : null
}
