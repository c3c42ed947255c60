/**
 * What file operations cost a program: the same .wasm as a process of ours, on the shim and on Runno. Every run has a fresh
 * worker; the counts make a run long enough that the warming-up of its code does not count.
 */
import { connect } from '../../src/ipc/rpc.ts'
import type { Peer, PeerApi } from '../workers/peers.ts'
import { sourceTree, type Tree } from './tree.ts'

export type Candidate = 'ours' | Peer
export type FileCase = 'stat' | 'open-read-close' | 'readdir' | 'write' | 'read' | 'create-unlink'
/** Alone with the files of the case, or beside a project of 500 files of 3.6 KB: Runno looks at every file for each call. */
export type Place = 'bare' | 'project'

/**
 * Operations in one run: about a third of a second each, but for the shim's write, of which one takes seconds. A peer that
 * is not named cannot do it: Runno's readdir gives other entries than those that are there.
 */
const COUNTS: Record<Place, Partial<Record<FileCase, { ours: number; shim: number; runno?: number }>>> = {
  bare: {
    stat: { ours: 1_000_000, shim: 150_000, runno: 20_000 },
    'open-read-close': { ours: 400_000, shim: 40_000, runno: 20_000 },
    readdir: { ours: 10_000, shim: 300 },
    write: { ours: 16, shim: 1, runno: 6 },
    read: { ours: 32, shim: 8, runno: 32 },
    'create-unlink': { ours: 60_000, shim: 40_000, runno: 10_000 },
  },
  project: {
    stat: { ours: 1_000_000, shim: 150_000, runno: 1000 },
    'open-read-close': { ours: 400_000, shim: 40_000, runno: 1000 },
  },
}
const PEER_LIMIT_MS = 120_000

const PROGRAM = '/bench/bench.wasm'
const PROJECT = { files: 500, bytes: 3600 }

export interface FileBench {
  /** Nanoseconds for each operation. */
  round(name: FileCase, place: Place): Promise<Partial<Record<Candidate, number>>>
}

/** Puts the program and the project into the machine and runs it once, so that nothing is compiled in a round. */
export const createFileBench = async (wasm: Uint8Array<ArrayBuffer>): Promise<FileBench> => {
  const program = await WebAssembly.compile(wasm)
  const trees = { bare: {}, project: sourceTree(PROJECT.files, PROJECT.bytes).tree }
  await window.wasmrun.mount({ 'bench.wasm': wasm.slice(), ...trees }, '/bench')
  await runOurs(['all', '2', '1'], '/bench/bare')
  return {
    round: async (name, place) => {
      const counts = COUNTS[place][name]
      if (!counts) throw new Error(`${name} is not measured in ${place}`)
      const result: Partial<Record<Candidate, number>> = {}
      for (const candidate of ['ours', 'shim', 'runno'] as const) {
        const count = counts[candidate]
        if (count === undefined) continue
        const args = [name, String(count)]
        const printed =
          candidate === 'ours'
            ? await runOurs(args, `/bench/${place}`)
            : await runPeer(candidate, program, args, trees[place])
        result[candidate] = nanoseconds(printed, name, count)
      }
      return result
    },
  }
}

/** What the program printed, as a process of ours that sees `root` as "/". */
export const runOurs = async (args: string[], root: string): Promise<string> => {
  const preopens = [{ path: root, as: '/' }]
  const child = await window.wasmrun.spawn(PROGRAM, args, { cwd: root, preopens, stdin: '' })
  const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text())
  const [out = '', err = ''] = await Promise.all(texts)
  const { code } = await child.exit
  if (code !== 0) throw new Error(`bench ${args.join(' ')}: exit code ${code}: ${err}`)
  return out
}

const runPeer = async (
  peer: Peer,
  program: WebAssembly.Module,
  args: string[],
  tree: Tree,
): Promise<string> => {
  const worker = new Worker('/bench/peers.js')
  const link = connect<PeerApi>(worker)
  worker.addEventListener('error', (event) => link.cut(new Error(`${peer}: ${event.message}`)))
  const timer = setTimeout(() => link.cut(new Error(`${peer} took too long`)), PEER_LIMIT_MS)
  try {
    return await link.api.run(peer, program, ['bench', ...args], tree)
  } finally {
    clearTimeout(timer)
    worker.terminate()
  }
}

const nanoseconds = (printed: string, name: string, count: number): number => {
  const [label, operations, time] = printed.trim().split('\t')
  if (label !== name || Number(operations) !== count) throw new Error(`bench ${name} printed ${printed}`)
  return Number(time)
}

/** Stats a second of `processes` at once, all of their lives counted, starting and ending included. */
export const statRate = async (processes: number, count: number): Promise<number> => {
  const roots = Array.from({ length: processes }, (_, index) => `/bench/parallel-${index}`)
  for (const root of roots) await window.wasmrun.fs.mkdir(root, { recursive: true })
  const start = performance.now()
  await Promise.all(roots.map((root) => runOurs(['stat', String(count)], root)))
  return (processes * count) / (performance.now() - start)
}
