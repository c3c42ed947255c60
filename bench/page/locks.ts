/** What the lock of the files costs, and whether writers in processes of their own stand in each other's way. */
import { connect, type Link } from '../../src/ipc/rpc.ts'
import { createMemory } from '../../src/memory/memory.ts'
import { takeThread } from '../../src/memory/slots.ts'
import type { LockApi } from '../workers/locks.ts'
import { runOurs } from './files.ts'

const ROUNDS = 300_000

export interface LockCost {
  /** Nanoseconds of one acquire and release: alone, and in each of two threads that want the same lock. */
  alone: number
  contended: number
}

/** In a machine of its own, two threads of it. */
export const lockCost = async (): Promise<LockCost> => {
  const memory = createMemory(1024)
  const links: Link<LockApi>[] = []
  const workers: Worker[] = []
  for (let index = 0; index < 2; index++) {
    const worker = new Worker('/bench/locks.js')
    const link = connect<LockApi>(worker)
    worker.onerror = (event) => link.cut(new Error(event.message))
    await link.api.attach(memory.shared, takeThread(memory, index + 1))
    links.push(link)
    workers.push(worker)
  }
  try {
    const [first] = links
    if (!first) throw new Error('no thread')
    await first.api.run(ROUNDS)
    const alone = await first.api.run(ROUNDS)
    const both = await Promise.all(links.map(({ api }) => api.run(ROUNDS)))
    return { alone, contended: Math.max(...both) }
  } finally {
    for (const worker of workers) worker.terminate()
  }
}

/** Files made, written and removed a millisecond by so many processes at once, each in a folder of its own. */
export const writeRate = async (processes: number, count: number): Promise<number> => {
  const roots = Array.from({ length: processes }, (_, index) => `/bench/writers-${index}`)
  for (const root of roots) await window.wasmrun.fs.mkdir(root, { recursive: true })
  const start = performance.now()
  await Promise.all(roots.map((root) => runOurs(['create-unlink', String(count)], root)))
  return (processes * count) / (performance.now() - start)
}

/** Nanoseconds of a stat in a process that is traced, or not. What is told is read and thrown away. */
export const statTime = async (count: number, isTraced: boolean): Promise<number> => {
  const root = '/bench/traced'
  await window.wasmrun.fs.mkdir(root, { recursive: true })
  const preopens = [{ path: root, as: '/' }]
  const child = await window.wasmrun.spawn('/bench/bench.wasm', ['stat', String(count)], {
    cwd: root,
    preopens,
    stdin: '',
    strace: isTraced,
  })
  if (isTraced)
    void window.wasmrun
      .strace(child.pid)
      .pipeTo(new WritableStream())
      .catch(() => {})
  const text = await new Response(child.stdout).text()
  const { code } = await child.exit
  if (code !== 0) throw new Error(`bench stat: exit code ${code}`)
  return Number(text.trim().split('\t')[2])
}
