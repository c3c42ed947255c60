import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { PartRecord, ProjectsForKernel } from '../abi/project.ts'
import type { Remote } from '../ipc/rpc.ts'
import { createRecovery } from '../lib/recovery.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createPersist, HOME } from './persist.ts'

const FILES = 200
const BYTES = 200_000

const TrueBlob = globalThis.Blob
afterEach(() => {
  globalThis.Blob = TrueBlob
})

/** Blobs whose bytes the browser has after as many milliseconds as `delay` says, or never when it is negative. */
const withBlobs = (delay: () => number): void => {
  globalThis.Blob = class extends TrueBlob {
    override slice(...range: [number?, number?]): Blob {
      const wait = delay()
      const part = super.slice(...range)
      part.arrayBuffer = () =>
        new Promise((resolve, reject) =>
          setTimeout(
            () => (wait < 0 ? reject(new Error('not to be read')) : resolve(new ArrayBuffer(1))),
            wait,
          ),
        )
      return part
    }
  }
}

/** A machine of some files, and a host that takes parts as the real one does: in order, or not at all. */
const openMachine = () => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const log: PartRecord[] = []
  const host = {
    appendLog: async (parts: PartRecord[]) => {
      for (const part of parts) {
        const last = log.at(-1)
        const follows =
          part.batch === last?.batch
            ? part.index === last.index + 1
            : part.index === 0 && part.batch > (last?.batch ?? 0)
        assert.ok(
          follows,
          `part ${part.index} of batch ${part.batch} came behind ${last?.index} of ${last?.batch}`,
        )
        log.push(part)
      }
      return { logBytes: 0, logParts: log.length, baseBytes: 0 }
    },
  }
  const persist = createPersist({
    vfs,
    files,
    host: host as unknown as Remote<ProjectsForKernel>,
    report: () => {},
  })
  for (let index = 0; index < FILES; index++)
    files.writeFile(`${HOME}/${index}`, new Uint8Array(BYTES).fill(index))
  const recovered = async () => {
    const recovery = createRecovery()
    for (const part of log)
      recovery.log({
        ...part,
        bytes: part.bytes instanceof TrueBlob ? await part.bytes.arrayBuffer() : part.bytes,
      })
    return recovery.finish()
  }
  return { persist, log, recovered }
}

test('parts are sent in the order in which they were made, however long the browser takes to have their bytes', async () => {
  let made = 0
  withBlobs(() => (made++ === 0 ? 300 : 0))
  const { persist, log, recovered } = openMachine()
  await persist.keepProject()
  assert.ok(log.length > 8, `only ${log.length} parts`)
  assert.equal((await recovered()).nodes.size, FILES + 1)
})

test('what the browser did not take is written again', async () => {
  let made = 0
  withBlobs(() => (++made === 3 ? -1 : 0))
  const { persist, recovered } = openMachine()
  await assert.rejects(persist.keepProject(), /not to be read|came behind/)
  assert.equal((await recovered()).nodes.size, 0)
  await persist.flushProject()
  assert.equal((await recovered()).nodes.size, FILES + 1)
})
