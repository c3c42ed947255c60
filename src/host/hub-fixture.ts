/**
 * For the hub's tests: a server, a device and a catalogue with one runtime of two files, each of which a test can spoil.
 */
import type { RuntimeProgress } from '../abi/control.ts'
import { sha256 } from './digest.ts'
import { createHub, type Hub } from './hub.ts'
import { createShelf } from './shelf.ts'

export const BASE = 'https://site.test/runtimes/'
export const { subtle } = crypto
export const MODULE = Uint8Array.from({ length: 50_000 }, (_each, index) => (index * 7) % 251)
export const LIBRARY = new TextEncoder().encode('WRT1 pretends to be a tree '.repeat(900))
export const MODULE_URL = `${BASE}python/core.wasm.gz`
export const LIBRARY_URL = `${BASE}python/lib.tree.gz`

export const gzip = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(packed).arrayBuffer())
}

type Answer = Response | (() => Response | Promise<Response>)

/** A CacheStorage in memory that can be made to fail. */
const createCaches = () => {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>()
  const trouble: { put?: (url: string) => Promise<void>; open?: () => Promise<never> } = {}
  const cache = {
    match: async (url: string) => {
      const bytes = kept.get(url)
      return bytes && new Response(bytes)
    },
    put: async (url: string, response: Response) => {
      await trouble.put?.(url)
      kept.set(url, new Uint8Array(await response.arrayBuffer()))
    },
    delete: async (url: string) => kept.delete(url),
  }
  const open = async () => trouble.open?.() ?? cache
  return { kept, trouble, caches: { open } as unknown as CacheStorage }
}

const describe = async (bytes: Uint8Array<ArrayBuffer>, file: string) => {
  const packed = await gzip(bytes)
  const compressed = { file, size: packed.length, sha256: await sha256(subtle, packed), encoding: 'gzip' }
  return { packed, asset: { size: bytes.length, sha256: await sha256(subtle, bytes), compressed } }
}

export interface Setup {
  hub: Hub
  answers: Map<string, Answer>
  asked: string[]
  steps: RuntimeProgress[]
  caches: ReturnType<typeof createCaches>
  packed: { module: Uint8Array<ArrayBuffer>; library: Uint8Array<ArrayBuffer> }
  /** Another visit with the same device. */
  again(): Hub
  runtimesKept(): string[]
}

export const setUp = async ({
  online = true,
  patience = 5000,
  withCaches = true,
  mirrors = async (): Promise<string[]> => [],
  warn = (_text: string): void => {},
} = {}): Promise<Setup> => {
  const module = await describe(MODULE, 'core.wasm.gz')
  const library = await describe(LIBRARY, 'lib.tree.gz')
  const entry = {
    file: 'python.wasm',
    size: 1,
    sha256: 'b'.repeat(64),
    wasi: 'wasip1',
    title: 'Python',
    commands: ['python3'],
    module: module.asset,
    files: { stdlib: library.asset },
    mounts: [{ file: 'stdlib', path: '/usr/lib/python' }],
  }
  const answers = new Map<string, Answer>([
    [`${BASE}manifest.json`, () => Response.json({ languages: { python: {} } })],
    [
      `${BASE}python/manifest.json`,
      () =>
        Response.json({
          language: 'python',
          latest: '3.12.0',
          versions: { '3.9.1': entry, '3.12.0': entry, '4.0.0': { ...entry, sha256: undefined } },
        }),
    ],
    [MODULE_URL, () => new Response(module.packed)],
    [LIBRARY_URL, () => new Response(library.packed)],
  ])
  const asked: string[] = []
  const steps: RuntimeProgress[] = []
  const store = createCaches()
  const fetch = (async (url: string, init?: RequestInit) => {
    asked.push(url)
    init?.signal?.throwIfAborted()
    const answer = answers.get(url)
    if (!answer) return new Response('no', { status: 404 })
    return typeof answer === 'function' ? answer() : answer
  }) as typeof globalThis.fetch
  const usage = async () => 2_100_000_000
  const again = (): Hub => {
    const caches = withCaches ? store.caches : null
    const shelf = createShelf({ caches, base: BASE, usage, patience: 200 })
    const report = (step: RuntimeProgress) => void steps.push(step)
    return createHub({
      fetch,
      subtle,
      shelf,
      base: BASE,
      report,
      online: () => online,
      patience,
      mirrors,
      warn,
    })
  }
  const runtimesKept = () => [...store.kept.keys()].filter((url) => !url.includes('manifest.json'))
  return {
    hub: again(),
    answers,
    asked,
    steps,
    caches: store,
    packed: { module: module.packed, library: library.packed },
    again,
    runtimesKept,
  }
}
