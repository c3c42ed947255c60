import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExitStatus, Output, Process, Wasmrun } from '../../sdk/types.ts'
import { runsText } from '../console/line.ts'
import type { RunPlan } from '../stores/project-store.ts'
import { createStores } from '../stores/stores.ts'
import { createFrameBudget, FRAME_BYTES, pumpOutput } from './output-pump.ts'
import { createRunner } from './runner.ts'

const plan: RunPlan = {
  id: '0 main.wasm',
  title: 'Rust',
  runtime: null,
  version: null,
  command: './target/main.wasm',
  args: ['a b'],
  cwd: '/home/project/sub',
  env: { X: '1' },
  entry: 'main.wasm',
  reason: '',
  problem: '',
}

/** A process whose strings are pulled here. */
const createProcess = (pid: number) => {
  let controller: ReadableStreamDefaultController<Output> | null = null
  let settle: (status: ExitStatus) => void = () => {}
  const written: string[] = []
  const signals: unknown[] = []
  const process: Process = {
    pid,
    stdout: new ReadableStream(),
    stderr: new ReadableStream(),
    output: new ReadableStream<Output>({
      start: (own) => {
        controller = own
      },
    }),
    input: new WritableStream({ write: (data) => void written.push(String(data)) }),
    exit: new Promise((resolve) => {
      settle = resolve
    }),
    kill: async (signal) => {
      signals.push(signal)
      end({ code: 143, signal: 'SIGTERM' })
    },
    resize: async () => {},
  }
  const end = (status: ExitStatus): void => {
    controller?.close()
    settle(status)
  }
  const say = (text: string, channel: 'out' | 'err' = 'out'): void =>
    controller?.enqueue({ channel, bytes: new TextEncoder().encode(text) })
  return { process, say, end, written, signals }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

const create = (over: Partial<Wasmrun> = {}) => {
  const stores = createStores({ storage: null, nextFrame: async () => {}, later: () => {} })
  const spawned: unknown[][] = []
  const listeners = new Map<string, (value: never) => void>()
  const processes = [createProcess(7), createProcess(8)]
  const wasmrun = {
    spawn: async (...call: unknown[]) => {
      spawned.push(call)
      return processes[spawned.length - 1]?.process
    },
    on: (event: string, listener: (value: never) => void) => {
      listeners.set(event, listener)
      return () => {}
    },
    ...over,
    // only what the runner calls is there
  } as unknown as Wasmrun
  let clock = 0
  const runner = createRunner({ wasmrun, stores, now: () => (clock += 100), nextFrame: async () => {} })
  const lines = (): string[] => {
    const all: string[] = []
    for (let id = stores.console.first(); id < stores.console.end(); id++)
      all.push(runsText(stores.console.line(id)?.runs ?? []))
    return all
  }
  return { stores, runner, spawned, lines, processes, listeners }
}

test('a program of the project is spawned by its whole path, in its folder, on a terminal', async () => {
  const { runner, spawned } = create()
  await runner.run(plan)
  const [command, args, options] = spawned[0] ?? []
  assert.equal(command, '/home/project/sub/target/main.wasm')
  assert.deepEqual(args, ['a b'])
  const { cwd, terminal, env } = options as { cwd: string; terminal: unknown; env: Record<string, string> }
  assert.equal(cwd, plan.cwd)
  assert.deepEqual(terminal, { columns: 80, rows: 24 })
  assert.equal(env.X, '1')
})

test('output comes before the word that the process ended, and then the plan can run again', async () => {
  const { runner, lines, processes, spawned } = create()
  await runner.run(plan)
  await runner.run(plan)
  assert.equal(spawned.length, 1)
  processes[0]?.say('hello\nlast')
  processes[0]?.end({ code: 3, signal: null })
  await settle()
  assert.deepEqual(lines().slice(1, 3), ['hello', 'last'])
  assert.match(lines()[3] ?? '', /^Process 7 ended with code 3 after /)
  assert.equal(runner.runs.value.size, 0)
  await runner.run(plan)
  assert.equal(spawned.length, 2)
})

test('why the machine ended a process is told after its end', async () => {
  const { runner, lines, processes, listeners } = create()
  await runner.run(plan)
  listeners.get('exit')?.({ pid: 7, message: 'It needs env.abort, which is not there.' } as never)
  processes[0]?.end({ code: 134, signal: null })
  await settle()
  assert.equal(lines().at(-1), 'It needs env.abort, which is not there.')
})

test('Stop asks the process to end, Restart starts it again', async () => {
  const { runner, processes, spawned } = create()
  await runner.run(plan)
  await runner.restart(plan)
  assert.deepEqual(processes[0]?.signals, ['SIGTERM'])
  assert.equal(spawned.length, 2)
  assert.equal(runner.runs.value.get(plan.id)?.pid, 8)
})

test('a typed line goes to the process, to a dead one it goes nowhere', async () => {
  const { runner, processes } = create()
  await runner.run(plan)
  await runner.send(7, 'Ada\n')
  await runner.send(99, 'nobody\n')
  assert.deepEqual(processes[0]?.written, ['Ada\n'])
})

test('what cannot start is a card with the cause', async () => {
  const { runner, stores } = create({ spawn: () => Promise.reject(new Error('no such file')) })
  await runner.run(plan)
  assert.equal(stores.notices.card.value?.facts[0]?.text, 'no such file')
  assert.equal(runner.runs.value.size, 0)
})

test('a cancelled download is no error', async () => {
  const ensure = (_: string, options?: { signal?: AbortSignal }): Promise<void> =>
    new Promise((_resolve, reject) =>
      options?.signal?.addEventListener('abort', () => reject(new Error('gone'))),
    )
  const { runner, stores, lines } = create({ runtimes: { ensure } as unknown as Wasmrun['runtimes'] })
  const python = { ...plan, runtime: 'python' }
  const running = runner.run(python)
  await settle()
  runner.cancel(python)
  await running
  assert.equal(stores.notices.card.value, null)
  assert.match(lines()[0] ?? '', /cancelled/)
})

test('a flood is taken in frames, none larger than its share', async () => {
  let frames = 0
  const budget = createFrameBudget(async () => {
    await new Promise((resolve) => setTimeout(resolve))
    frames++
  })
  const sizes: number[] = []
  const output = new ReadableStream<Output>({
    start(controller) {
      controller.enqueue({ channel: 'out', bytes: new Uint8Array(FRAME_BYTES * 10) })
      controller.close()
    },
  })
  await pumpOutput(output, budget, (_, bytes) => sizes.push(bytes.length))
  assert.deepEqual(new Set(sizes), new Set([FRAME_BYTES]))
  assert.ok(frames >= 9)
})
