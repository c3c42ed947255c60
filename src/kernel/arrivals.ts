/**
 * The bytes of a project that was opened by its names and facts alone. All of them are fetched at once, a few parts at a time; what
 * somebody waits for is read before its turn.
 *
 *   parts ─► bodies (blobs) ─┬─ in their order, while nobody asks ─► checked ─► files placed (src/vfs/arrive.ts)
 *                            └─ bring(inode): now, in this thread ───┘
 *
 * A body that is gone or damaged is found only here. Then the project is recovered once more without it: its files are what older
 * parts say, or empty, and are told.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import type { ProjectLoss } from '../abi/project.ts'
import type { Node } from '../lib/nodes.ts'
import { createRecovery, type Recovery, type StoredPart } from '../lib/recovery.ts'
import { walkRecovered } from '../lib/recovery-walk.ts'
import { type Body, isBodyOf } from '../lib/segment.ts'
import { type Arrivals, eachBody, isHere } from '../vfs/arrive.ts'
import { nextTask, STRETCH_MS } from '../vfs/saver.ts'

/** Parts that are read at the same time: 8 MiB each. */
const READ_AHEAD = 6

export interface KeptPart extends StoredPart {
  isBase: boolean
  /** Where the body's bytes are, when they are not here. */
  blob: Blob | null
}

export interface ComingOptions {
  arrivals: Arrivals
  parts: readonly KeptPart[]
  /** What was told when the project was opened. */
  told: readonly ProjectLoss[]
  /** Reads a blob while this thread waits; null when it cannot be read. */
  readNow(blob: Blob): ArrayBuffer | null
  /** Something is lost that was not known when the project was opened. */
  lost(losses: ProjectLoss[]): void
}

export interface Coming {
  /** Sees to the bytes of a file now: 0, or -ENOSPC. */
  bring(inode: number): number
  /** Resolves when all has come. Called again after a refusal, it goes on. @throws SysError ENOSPC when the machine is full */
  finish(): Promise<void>
}

/** A body, and the files that wait for it. */
interface Source {
  part: KeptPart
  files: Set<number>
}

export const recoverPart = (recovery: Recovery, part: KeptPart): void =>
  part.isBase ? recovery.base(part) : recovery.log(part)

export const createComing = ({ arrivals, parts, told, readNow, lost }: ComingOptions): Coming => {
  let sources: Map<Body, Source> | null = null
  let finishing: Promise<void> | null = null

  /** Made when it is first needed: the project is open by then. */
  const sourcesNow = (): Map<Body, Source> => {
    if (sources) return sources
    sources = new Map()
    for (const part of parts) if (part.body && part.blob) sources.set(part.body, { part, files: new Set() })
    for (const [inode, node] of arrivals.waiting)
      eachBody(node, (body) => void sources?.get(body)?.files.add(inode))
    return sources
  }
  const receive = ({ bytes: head, body }: KeptPart, bytes: ArrayBuffer | null): void => {
    if (!body || body.u8 || body.isLost) return
    if (head && bytes?.byteLength === body.size && isBodyOf(head, bytes)) body.u8 = new Uint8Array(bytes)
    else body.isLost = true
  }
  const receiveNow = (body: Body): void => {
    const part = sourcesNow().get(body)?.part
    if (part?.blob && !body.u8 && !body.isLost) receive(part, readNow(part.blob))
  }
  const isLost = (node: Node): boolean => {
    let some = false
    eachBody(node, (body) => {
      some ||= body.isLost
    })
    return some
  }
  const placed = (inode: number, node: Node): void => {
    eachBody(node, (body) => {
      const files = sourcesNow().get(body)?.files
      files?.delete(inode)
      // What nobody waits for is not kept twice.
      if (files?.size === 0) body.u8 = null
    })
  }
  /** Whether there was room. */
  const place = (inode: number): boolean => {
    const node = arrivals.waiting.get(inode)
    if (!node) return true
    if (!arrivals.place(inode)) return false
    placed(inode, node)
    return true
  }
  /** All files whose bodies are lost become what older parts say of them. */
  const placeOlder = (): boolean => {
    // Whatever was not looked at yet may be lost as well, and what was placed already may hold the older content.
    for (const { part } of sourcesNow().values()) if (part.body) receiveNow(part.body)
    const recovery = createRecovery()
    for (const part of parts) recoverPart(recovery, part)
    const recovered = recovery.finish()
    walkRecovered(recovered, 0, { directory: () => 0, leaf: () => 0, link: () => true })
    const known = new Set(told.map(({ path, what }) => `${path}\n${what}`))
    const losses = recovered.losses.filter(({ path, what }) => !known.has(`${path}\n${what}`))
    for (const [inode, node] of [...arrivals.waiting]) {
      if (!isLost(node)) continue
      const older = recovered.nodes.get(node.id)
      const hasContent = older?.body || older?.blocks
      if (!arrivals.placeOlder(inode, hasContent ? older : undefined)) return false
      placed(inode, node)
    }
    for (const { part, files } of sourcesNow().values())
      if (files.size === 0 && part.body) part.body.u8 = null
    lost(losses)
    return true
  }

  const finish = async (): Promise<void> => {
    const all = [...sourcesNow().values()]
    const reads: Promise<ArrayBuffer | null>[] = []
    let begun = 0
    const read = ({ part: { blob, body }, files }: Source): Promise<ArrayBuffer | null> =>
      blob && files.size > 0 && !body?.u8 ? blob.arrayBuffer().catch(() => null) : Promise.resolve(null)
    let last = performance.now()
    for (const { part, files } of all) {
      for (; reads.length < READ_AHEAD && begun < all.length; begun++) {
        const next = all[begun]
        if (next) reads.push(read(next))
      }
      const bytes = await reads.shift()
      if (files.size === 0) continue
      if (bytes || !part.body?.u8) receive(part, bytes ?? null)
      let hasRoom = !part.body?.isLost || placeOlder()
      for (const inode of [...files]) {
        const node = arrivals.waiting.get(inode)
        if (!hasRoom) break
        if (!node) files.delete(inode)
        else if (isHere(node)) hasRoom = place(inode)
        if (performance.now() - last < STRETCH_MS) continue
        await nextTask()
        last = performance.now()
      }
      if (!hasRoom)
        throw new SysError(
          ERRNO.NOSPC,
          '',
          'the project does not fit into the memory of this machine any more',
        )
    }
  }

  return {
    bring: (inode) => {
      const node = arrivals.waiting.get(inode)
      if (!node) return 0
      eachBody(node, receiveNow)
      return (isLost(node) ? placeOlder() : place(inode)) ? 0 : -ERRNO.NOSPC
    },
    finish: () => {
      finishing ??= finish().then(arrivals.end, (error: unknown) => {
        finishing = null
        throw error
      })
      return finishing
    },
  }
}
