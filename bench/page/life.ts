/** Lives and deaths of processes, beside empty workers. Milliseconds. */
import { HELLO } from './start.ts'

const IDLE_WORKER = 'onmessage = (event) => postMessage(event.data)'

/** From the call of kill to the exit code, of a program that makes calls all the time, or none. */
export const killTime = async (task: 'churn' | 'spin' | 'sleep'): Promise<number> => {
  const args = { churn: ['churn', '/tmp/bench-kill'], spin: ['spin'], sleep: ['sleep', '60000'] }[task]
  const child = await window.wasmrun.spawn(HELLO, args)
  void child.output.pipeTo(new WritableStream()).catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 150))
  const start = performance.now()
  await child.kill('SIGKILL')
  const { code } = await child.exit
  if (code !== 137) throw new Error(`the killed process ended with ${code}`)
  return performance.now() - start
}

/** So many at once, each until it has ended. */
export const spawnMany = async (count: number): Promise<number> => {
  const start = performance.now()
  const ends = await Promise.all(
    Array.from({ length: count }, async () => {
      const child = await window.wasmrun.spawn(HELLO, ['exit', '7'], { stdin: '' })
      return child.exit
    }),
  )
  if (!ends.every(({ code }) => code === 7)) throw new Error('a process did not end as it should')
  return performance.now() - start
}

/** So many empty workers at once, each until it has answered and was stopped. */
export const emptyWorkers = async (count: number): Promise<number> => {
  const url = URL.createObjectURL(new Blob([IDLE_WORKER], { type: 'text/javascript' }))
  const start = performance.now()
  await Promise.all(Array.from({ length: count }, async () => (await answered(url)).terminate()))
  const time = performance.now() - start
  URL.revokeObjectURL(url)
  return time
}

const answered = (url: string): Promise<Worker> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(url)
    worker.onmessage = () => resolve(worker)
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage('hello')
  })

let idle: { kill(signal: string): Promise<void> }[] = []
let workers: Worker[] = []

/** Processes that only sleep, or workers that only listen: kept until `letGo`. */
export const keepIdle = async (count: number, what: 'processes' | 'workers'): Promise<void> => {
  if (what === 'processes') {
    for (let made = 0; made < count; made++)
      idle.push(await window.wasmrun.spawn(HELLO, ['sleep', '600000'], { stdin: '' }))
    while ((await window.wasmrun.audit()).threads.waiting < count)
      await new Promise((resolve) => setTimeout(resolve, 50))
    return
  }
  const url = URL.createObjectURL(new Blob([IDLE_WORKER], { type: 'text/javascript' }))
  workers = await Promise.all(Array.from({ length: count }, () => answered(url)))
}

export const letGo = async (): Promise<void> => {
  await Promise.all(idle.map((child) => child.kill('SIGKILL')))
  for (const worker of workers) worker.terminate()
  idle = []
  workers = []
}
