import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { CHUNK_PARTS, type PartChunk, type PartRecord, type ProjectsForKernel } from '../abi/project.ts'
import type { Remote } from '../ipc/rpc.ts'
import { createRecovery } from '../lib/recovery.ts'
import type { Body } from '../lib/segment.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createPersist, HOME } from './persist.ts'

const FILES = 400
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

const bodyOf = async (body: ArrayBuffer | Blob): Promise<Body> => {
  const bytes = body instanceof TrueBlob ? await body.arrayBuffer() : (body as ArrayBuffer)
  return { size: bytes.byteLength, u8: new Uint8Array(bytes), isLost: false }
}

/** A host that takes parts as the real one does: in order, or not at all; and gives them back, heads read. */
const createHost = (log: PartRecord[]): ProjectsForKernel => {
  const chunk = async (from: number): Promise<PartChunk> => {
    const parts = log.slice(from, from + CHUNK_PARTS).map(async ({ index: _, ...part }) => {
      const bytes = part.bytes instanceof TrueBlob ? await part.bytes.arrayBuffer() : part.bytes
      return { ...part, bytes: bytes as ArrayBuffer, isBase: false }
    })
    return { parts: await Promise.all(parts), next: null, total: log.length }
  }
  return {
    readParts: chunk,
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
    restartLog: async () => {},
    beginBase: async () => {},
    appendBase: async () => {},
    switchBase: async () => ({ logBytes: 0, logParts: 0, baseBytes: 0 }),
  }
}

/** A machine that keeps its home, or is to be given what is in the log. */
const createMachine = (log: PartRecord[]) => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const states: string[] = []
  const persist = createPersist({
    vfs,
    files,
    host: createHost(log) as unknown as Remote<ProjectsForKernel>,
    report: ({ state }) => states.push(state),
    readNow: (blob) => readable.get(blob) ?? null,
  })
  vfs.volume.bring = persist.bring
  return { vfs, files, persist, states }
}

/** A machine of some files. */
const openMachine = () => {
  const log: PartRecord[] = []
  const { files, persist } = createMachine(log)
  for (let index = 0; index < FILES; index++)
    files.writeFile(`${HOME}/${index}`, new Uint8Array(BYTES).fill(index))
  const recovered = async () => {
    const recovery = createRecovery()
    for (const part of log)
      recovery.log({
        ...part,
        bytes: part.bytes as ArrayBuffer,
        body: part.body && (await bodyOf(part.body)),
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

/** Blobs that this thread can read at once. */
const readable = new WeakMap<Blob, ArrayBuffer>()
const withReadableBlobs = (): void => {
  globalThis.Blob = class extends TrueBlob {
    constructor(parts: BlobPart[] = []) {
      super(parts)
      readable.set(this, parts[0] as ArrayBuffer)
    }
  }
}

/** Bodies that come when they are let. */
const slowly = (log: PartRecord[]): (() => void) => {
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  for (const { body } of log) {
    if (!(body instanceof TrueBlob)) continue
    const read = body.arrayBuffer.bind(body)
    body.arrayBuffer = () => gate.then(read)
  }
  return go
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

test('a project is open before its bytes have come; what changes meanwhile is kept when they have', async () => {
  const { persist: first, log } = openMachine()
  await first.keepProject()
  const stored = log.length
  const go = slowly(log)
  const { files, persist, states } = createMachine(log)
  assert.deepEqual(await persist.restoreProject(), { entries: FILES, losses: [] })
  assert.equal(files.stat(`${HOME}/7`).size, BYTES)
  files.chmod(`${HOME}/7`, 0o600)
  files.writeFile(`${HOME}/new`, new Uint8Array(3))
  let isKept = false
  const flushed = persist.flushProject().then(() => {
    isKept = true
  })
  persist.turn(performance.now() + 1000)
  await soon()
  assert.deepEqual([isKept, log.length, states.at(-1)], [false, stored, 'saving'])
  go()
  await flushed
  assert.deepEqual(await persist.projectArrived(), [])
  assert.deepEqual([files.readFile(`${HOME}/7`)[0], files.readFile(`${HOME}/399`)[0]], [7, 399 & 255])
  // Only what had changed was written, and nothing that had only come.
  assert.deepEqual([log.length, new Set(log.at(-1)?.ids).size, states.at(-1)], [stored + 1, 3, 'saved'])
  const again = createMachine(log)
  await again.persist.restoreProject()
  await again.persist.projectArrived()
  assert.equal(again.files.stat(`${HOME}/7`).mode, 0o600)
  assert.equal(again.files.readFile(`${HOME}/7`)[BYTES - 1], 7)
})

test('what turns out to be lost is told to who asks whether all has come, and is written anew', async () => {
  withReadableBlobs()
  const { persist: first, log } = openMachine()
  await first.keepProject()
  const bad = log.findIndex(({ body }, index) => index > 0 && body instanceof TrueBlob)
  const { body } = log[bad] as PartRecord
  ;(body as Blob).arrayBuffer = () => Promise.reject(new Error('NotFoundError'))
  readable.delete(body as Blob)
  const { files, persist } = createMachine(log)
  assert.deepEqual((await persist.restoreProject()).losses, [])
  const losses = await persist.projectArrived()
  assert.ok(losses.length > 10 && losses.length < FILES / 2, `${losses.length} lost`)
  assert.match(losses[0]?.what ?? '', /^its latest version is lost/)
  const told = new Set(losses.map(({ path }) => path))
  for (let index = 0; index < FILES; index++) {
    const bytes = files.readFile(`${HOME}/${index}`)
    const own = bytes.filter((byte) => byte === (index & 255)).length
    if (!told.has(String(index))) assert.equal(own, BYTES, `file ${index} is whole`)
    // Files of this size are written in blocks; those of other bodies are there.
    else assert.ok(bytes.every((byte) => byte === 0 || byte === (index & 255)))
  }
  const before = log.length
  await persist.flushProject()
  assert.ok(log.length > before)
  const again = createMachine(log.slice(before))
  assert.deepEqual((await again.persist.restoreProject()).losses, [])
  assert.deepEqual(await again.persist.projectArrived(), [])
  assert.equal(again.files.readdir(HOME).length, FILES)
})

test('a project of more parts than one answer of the host holds comes whole', async () => {
  const log: PartRecord[] = []
  const { files, persist } = createMachine(log)
  const names = Array.from({ length: 3 * CHUNK_PARTS + 5 }, (_, index) => `f${index}`)
  for (const name of names) {
    files.writeFile(`${HOME}/${name}`, new TextEncoder().encode(name))
    if (name === 'f0') await persist.keepProject()
    else await persist.flushProject()
  }
  assert.equal(log.length, names.length)
  const again = createMachine(log)
  assert.equal((await again.persist.restoreProject()).entries, names.length)
  for (const name of names)
    assert.equal(new TextDecoder().decode(again.files.readFile(`${HOME}/${name}`)), name)
})
