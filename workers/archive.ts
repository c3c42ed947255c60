/**
 * The archive worker: unpacks one .zip for the page, which would stand still meanwhile. Its bytes come from anywhere; nothing of the
 * site's is touched here. The page ends it with the archive, or when the user cancels.
 */
import { expose, moving } from '../src/ipc/rpc.ts'
import { createArchive } from '../src/lib/archive-face.ts'

expose(
  createArchive((bytes) => moving(bytes, [bytes.buffer])),
  self as unknown as MessagePort,
)
