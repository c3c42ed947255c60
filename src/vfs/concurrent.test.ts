import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { packTree } from '../abi/tree.ts'
import { attachMemory, createMemory } from '../memory/memory.ts'
import { createFiles, emptyStat } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { eachInode } from './inode.ts'
import { INODE } from './layout.ts'
import { createRandom } from './model-choices.ts'
import { fillFile } from './tree.ts'
import { KIND, OPEN, type SharedVfs } from './types.ts'
import { attachVfs } from './vfs.ts'

/**
 * Four threads on one memory. Each file's content says who wrote it, so a reader notices when it sees two writers at once.
 */
const THREADS = 4
const MILLISECONDS = process.env.LONG === '1' ? 60_000 : 5_000
/** Written whole in one call, so one byte fills them: in a slab, across pages, as long as one hold of the lock. */
const WHOLE = [200, 5000, 65536]
const RECORD = 16
/** Sizes of what copies share: a run, and pages whose comparison takes more than one hold. */
const SHARED = [3000, 150_000]
const template = Uint8Array.from({ length: 150_000 }, (_, index) => (index * 31) ^ (index >> 7))
const LONG_APPEND = 100_000

interface Task {
  shared: WebAssembly.Memory
  thread: number
  milliseconds: number
}
interface Report {
  thread: number
  problems: string[]
  steps: number
  appended: number
  longAppended: number
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const work = ({ shared, thread, milliseconds }: Task): Report => {
  const vfs = attachVfs(attachMemory(shared, thread))
  const random = createRandom(thread * 7919 + 13)
  const report: Report = { thread, problems: [], steps: 0, appended: 0, longAppended: 0 }
  const say = (problem: string): void => {
    if (report.problems.length < 10) report.problems.push(problem)
  }
  const actions = createActions(vfs, thread, random, report, say)
  const end = performance.now() + milliseconds
  while (performance.now() < end && report.problems.length === 0) {
    try {
      for (let step = 0; step < 50; step++) actions[random(actions.length)]?.()
      report.steps += 50
    } catch (error) {
      say(error instanceof Error ? String(error.stack) : String(error))
    }
  }
  return report
}

const createActions = (
  vfs: SharedVfs,
  thread: number,
  random: (below: number) => number,
  report: Report,
  say: (problem: string) => void,
): (() => void)[] => {
  const { root } = vfs
  const buffer = new Uint8Array(65536)
  const out = emptyStat()
  const path = (text: string) => ({ bytes: encode(text), start: 0, length: encode(text).length })
  const open = (name: string, how: number): number =>
    vfs.open(root, encode(name), 0, encode(name).length, 1, how, 0o644)
  const name = (): string => `d${random(4)}/${random(40)}`
  const isWhole = (bytes: number, expected: number, what: string): void => {
    if (bytes !== expected) say(`${what}: ${bytes} bytes instead of ${expected}`)
    for (let index = 1; index < bytes; index++)
      if (buffer[index] !== buffer[0]) {
        say(`${what}: torn at ${index}`)
        return
      }
  }
  const readWhole = (): void => {
    const size = WHOLE[random(WHOLE.length)]!
    const file = open(`whole/${size}`, 0)
    isWhole(vfs.read(file, 0, buffer, 0, size), size, `whole/${size}`)
    vfs.unpin(file)
  }
  const writeWhole = (): void => {
    const size = WHOLE[random(WHOLE.length)]!
    const file = open(`whole/${size}`, OPEN.WRITE)
    vfs.write(file, 0, buffer.fill(random(256), 0, size), 0, size)
    vfs.unpin(file)
  }
  /** The name is always there, and what it leads to is always complete. */
  const swap = (): void => {
    const own = `swap/new${thread}`
    const file = open(own, OPEN.CREATE | OPEN.WRITE)
    vfs.write(file, 0, buffer.fill(random(256), 0, 3000), 0, 3000)
    vfs.unpin(file)
    const result = vfs.rename(root, path(own), root, path('swap/current'), 0)
    if (result !== 0) say(`rename over: ${result}`)
  }
  const readSwap = (): void => {
    const file = open('swap/current', 0)
    if (file <= 0) {
      say(`swap/current: ${file}`)
      return
    }
    isWhole(vfs.read(file, 0, buffer, 0, 3000), 3000, 'swap/current')
    vfs.stat(file, out)
    if (out.size !== 3000 || out.kind !== KIND.FILE || out.links > 1)
      say(`swap/current: ${JSON.stringify([out.size, out.links])}`)
    vfs.unpin(file)
  }
  /** Copies that share their bytes: what is written to one's own is not seen in another's, nor by the next who copies. */
  const copy = (): void => {
    const size = SHARED[random(SHARED.length)]!
    const own = `shared/${thread}`
    const file = open(own, OPEN.CREATE | OPEN.WRITE | OPEN.TRUNCATE)
    if (fillFile(vfs, file, template.subarray(0, size)) !== size) say('shared: not filled')
    const at = random(size - 9)
    if (random(3)) vfs.write(file, at, encode(`${thread}`.repeat(9)), 0, 9)
    if (random(4) === 0) vfs.truncate(file, random(size))
    vfs.unpin(file)
    const other = open(`shared/${1 + random(THREADS)}`, OPEN.WRITE)
    if (other > 0 && random(4) === 0) vfs.truncate(other, 0)
    if (other > 0) vfs.unpin(other)
    const original = open(`shared/original${size}`, 0)
    const from = random(size)
    const bytes = vfs.read(original, from, buffer, 0, buffer.length)
    vfs.unpin(original)
    for (let index = 0; index < bytes; index++)
      if (buffer[index] !== template[from + index]) {
        say(`shared/original${size}: another's byte at ${from + index}`)
        return
      }
  }
  const append = (): void => {
    const file = open('log', OPEN.WRITE)
    if (vfs.write(file, -1, buffer.fill(thread, 0, RECORD), 0, RECORD) === RECORD) report.appended++
    vfs.unpin(file)
  }
  const long = new Uint8Array(LONG_APPEND).fill(thread)
  const appendLong = (): void => {
    if (report.longAppended >= 30) return
    const file = open('long', OPEN.WRITE)
    if (vfs.write(file, -1, long, 0, LONG_APPEND) === LONG_APPEND) report.longAppended++
    vfs.unpin(file)
  }
  const create = (): void => {
    const file = open(name(), OPEN.CREATE | OPEN.WRITE)
    if (file <= 0) return
    const size = random(4) ? random(500) : random(60000)
    vfs.write(file, random(3) ? 0 : random(200000), buffer, 0, size)
    if (random(4) === 0) vfs.truncate(file, random(100000))
    vfs.unpin(file)
  }
  const shuffle = (): void => {
    const from = name()
    const bytes = encode(from)
    const what = random(7)
    if (what === 0) vfs.unlink(root, bytes, 0, bytes.length, 0)
    if (what === 1) vfs.rename(root, path(from), root, path(name()), 0)
    if (what === 2) vfs.link(root, path(from), root, path(name()), 0)
    if (what === 3) vfs.symlink(path(`../${name()}`), root, path(from), 0)
    if (what === 4) vfs.mkdir(root, bytes, 0, bytes.length, 0, 0o755)
    if (what === 5) vfs.rmdir(root, bytes, 0, bytes.length, 0)
    if (what === 6) vfs.rename(root, path(from), root, path(`${name()}/${random(5)}`), 0)
  }
  /** Held open while others unlink: the content must not change hands. */
  const hold = (): void => {
    const own = `d${random(4)}/held${thread}`
    const file = open(own, OPEN.CREATE | OPEN.WRITE | OPEN.TRUNCATE)
    if (file <= 0) return
    vfs.write(file, 0, buffer.fill(thread, 0, 700), 0, 700)
    vfs.unlink(root, encode(own), 0, encode(own).length, 0)
    shuffle()
    create()
    buffer.fill(99, 0, 700)
    isWhole(vfs.read(file, 0, buffer, 0, 700), 700, 'held')
    if (buffer[0] !== thread) say('held: it belongs to somebody else')
    vfs.unpin(file)
  }
  const list = (): void => {
    const directory = open(`d${random(4)}`, 0)
    const seen = new Set<string>()
    let cookie = 0
    vfs.readdir(directory, 0, (next, _inode, kind, bytes) => {
      const text = new TextDecoder().decode(bytes)
      if (next <= cookie || kind === 0 || !/^(\.{1,2}|\d+|held\d|f\d+-\d+)$/.test(text))
        say(`readdir: ${text}, ${kind}, ${next}`)
      cookie = next
      seen.add(text)
      return true
    })
    vfs.unpin(directory)
  }
  /** Many names, so that the table grows under everybody's feet. */
  let made = 0
  const many = (): void => {
    const bytes = encode(`d${random(4)}/f${thread}-${made++}`)
    const file = vfs.open(root, bytes, 0, bytes.length, 0, OPEN.CREATE, 0o644)
    if (file > 0) vfs.unpin(file)
  }
  const look = (): void => {
    const bytes = encode(name())
    const found = vfs.lookup(root, bytes, 0, bytes.length, random(2))
    if (found > 0) vfs.stat(found, out)
  }
  const rare = (action: () => void) => (): void => {
    if (random(40) === 0) action()
  }
  const reads = [readWhole, readWhole, readSwap, readSwap, look, look, look, rare(list)]
  return [
    ...reads,
    writeWhole,
    swap,
    copy,
    append,
    create,
    shuffle,
    shuffle,
    hold,
    many,
    many,
    rare(appendLong),
  ]
}

if (!isMainThread && workerData?.task) parentPort?.postMessage(work(workerData.task as Task))
else {
  test(`${THREADS} threads in the same directories: nobody reads torn bytes, and everything is whole at the end`, async () => {
    const memory = createMemory()
    formatVfs(memory)
    const vfs = attachVfs(memory)
    const files = createFiles(vfs)
    const empty = { ...files.usage(), used: 0 }
    for (const directory of ['whole', 'swap', 'd0', 'd1', 'd2', 'd3']) files.mkdir(`/${directory}`)
    for (const size of WHOLE) files.writeFile(`/whole/${size}`, new Uint8Array(size))
    for (const size of SHARED) {
      const data = template.subarray(0, size)
      files.writeTree('/shared', packTree([{ kind: 1, path: `original${size}`, data }]))
    }
    files.writeFile('/swap/current', new Uint8Array(3000))
    files.writeFile('/log', encode(''))
    files.writeFile('/long', encode(''))
    const reports = await Promise.all(
      Array.from({ length: THREADS }, async (_, index) => {
        const task: Task = { shared: memory.shared, thread: index + 1, milliseconds: MILLISECONDS }
        const worker = new Worker(process.argv[1]!, { workerData: { task } })
        const [report] = (await once(worker, 'message')) as [Report]
        await worker.terminate()
        return report
      }),
    )
    for (const report of reports) assert.deepEqual(report.problems, [], `thread ${report.thread}`)
    memory.refresh()
    assert.deepEqual(fsck(files), [])
    for (const size of SHARED)
      assert.deepEqual(files.readFile(`/shared/original${size}`), template.slice(0, size))
    checkLog(
      files.readFile('/log'),
      RECORD,
      reports.map((report) => report.appended),
    )
    checkLog(
      files.readFile('/long'),
      LONG_APPEND,
      reports.map((report) => report.longAppended),
    )
    assert.equal(pins(vfs), 0)
    for (const entry of files.readdir('/'))
      if (entry.name !== 'tmp' && entry.name !== 'dev') files.rm(`/${entry.name}`, { recursive: true })
    assert.deepEqual(fsck(files), [])
    assert.deepEqual({ ...files.usage(), used: 0 }, empty)
    console.log(
      `concurrent: ${reports.map((report) => report.steps).join(' + ')} steps in ${MILLISECONDS} ms`,
    )
  })
}

/** Every record whole, and as many of each thread as it wrote. */
const checkLog = (log: Uint8Array, record: number, counts: number[]): void => {
  const found = counts.map(() => 0)
  for (let at = 0; at < log.length; at += record) {
    const thread = log[at]!
    assert.ok(
      log.subarray(at, at + record).every((byte) => byte === thread),
      `record at ${at} is torn`,
    )
    found[thread - 1]!++
  }
  assert.deepEqual(found, counts)
}

const pins = ({ volume }: SharedVfs): number => {
  let sum = 0
  eachInode(volume, (at) => {
    sum += Math.abs(volume.memory.i32[at + INODE.PINS]!)
  })
  return sum
}
