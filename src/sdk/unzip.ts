/**
 * Archives unpacked in a worker of their own, which is made when the first one is opened.
 *
 *   page ──bytes──► worker: directory ──facts of entries──► page ──read(n)──► worker: inflate ──bytes──► page
 *
 * Invariant: after `close` nothing runs any more, and every read that is under way fails.
 */
import { connect, type Link, moving } from '../ipc/rpc.ts'
import type { ArchiveApi } from '../lib/archive-face.ts'
import type { Unzip } from '../lib/unzip.ts'

export interface Unzipping {
  /** One archive; a second one takes the place of the first. */
  unzip: Unzip
  close(): void
}

/** Shared memory cannot be given away, and part of a buffer takes the rest along: both are copied instead. */
const transferable = ({ buffer, byteLength }: Uint8Array): Transferable[] =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []

/** @param script URL of the archive worker */
export const createUnzipping = (script: string): Unzipping => {
  let worker: Worker | null = null
  let link: Link<ArchiveApi> | null = null
  const close = (reason = new Error('the archive was closed')): void => {
    worker?.terminate()
    link?.cut(reason)
    worker = null
  }
  const open = (): Link<ArchiveApi> => {
    close()
    worker = new Worker(script, { name: 'archive' })
    worker.addEventListener('error', (event) =>
      close(new Error(`The archive could not be unpacked: ${event.message || 'its worker could not start'}`)),
    )
    link = connect<ArchiveApi>(worker)
    return link
  }
  return {
    unzip: async (bytes, limits) => {
      const { api } = open()
      const facts = await api.open(moving(bytes, transferable(bytes)), limits ?? null)
      return facts.map((entry, index) => ({ ...entry, read: () => api.read(index) }))
    },
    close: () => close(),
  }
}
