/** How long programs take from the call of spawn to their exit, and what an empty worker takes. Milliseconds. */

export const HELLO = '/bench-start/probe.wasm'
const PYTHON = ['-c', 'print("hello")']

const timed = async (work: () => Promise<void>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Puts the Rust program into the machine and runs it once, which compiles it. */
export const prepareHello = async (wasm: Uint8Array<ArrayBuffer>): Promise<void> => {
  await window.wasmrun.mount({ 'probe.wasm': wasm }, '/bench-start')
  await rustHello()
}

const runHello = async (command: string, args: string[], expected: string): Promise<void> => {
  const child = await window.wasmrun.spawn(command, args, { cwd: '/bench-start', stdin: '' })
  const printed = await new Response(child.stdout).text()
  const { code } = await child.exit
  if (code !== 0 || !printed.includes(expected)) throw new Error(`${command}: exit code ${code}: ${printed}`)
}

/** A Rust program that prints its arguments with println!. */
export const rustHello = (): Promise<number> =>
  timed(() => runHello(HELLO, ['args', 'hello'], 'argv[2]=hello'))

export const pythonHello = (): Promise<number> => timed(() => runHello('python3', PYTHON, 'hello\n'))

/** The first hello of a page: the runtime comes out of the browser's cache and is verified; `spawn` is the part after that. */
export const firstPythonHello = async (): Promise<{ whole: number; spawn: number }> => {
  await window.wasmrun.fs.mkdir('/bench-start', { recursive: true })
  const ensure = await timed(() => window.wasmrun.runtimes.ensure('python'))
  const spawn = await pythonHello()
  return { whole: ensure + spawn, spawn }
}

/** New worker of a blob, a message there, the reply, and its end: the least that a process in a worker can cost. */
export const emptyWorker = (): Promise<number> =>
  timed(async () => {
    const source = new Blob(['onmessage = (event) => postMessage(event.data)'], { type: 'text/javascript' })
    const url = URL.createObjectURL(source)
    const worker = new Worker(url)
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve
      worker.onerror = (event) => reject(new Error(event.message))
      worker.postMessage('hello')
    })
    worker.terminate()
    URL.revokeObjectURL(url)
  })
