/**
 * The jail's document: the only thing in there that can make workers. It starts the kernel worker, passes it the ports that
 * the page gave, and makes, warms and stops process workers for it.
 *
 *   page ──boot {kernel, processes}, [kernel, events, host, control]──► this document ──► kernel worker
 *
 * Invariant: it listens to its parent once; afterwards only the kernel can ask for anything.
 */
import type { JailApi, JailBoot, JailWatcher, KernelBoot, KernelForJail } from '../src/abi/control.ts'
import { once, post } from '../src/ipc/port.ts'
import { connect, expose } from '../src/ipc/rpc.ts'
import { createModules } from '../src/jail/modules.ts'
import { createPool } from '../src/jail/pool.ts'

const script = (text: string): string => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))

const boot = async (): Promise<void> => {
  const { data, ports } = await once(window as unknown as MessagePort)
  const texts = data as JailBoot
  const [kernelPort, eventsPort, hostPort, controlPort] = ports
  if (!kernelPort || !eventsPort || !hostPort || !controlPort) throw new Error('the page gave too few ports')
  const page = connect<JailWatcher>(controlPort)

  const kernel = new Worker(script(texts.kernel))
  kernel.addEventListener(
    'error',
    (event) => void page.api.kernelFailed(event.message || 'its worker could not start'),
  )

  const toKernel = new MessageChannel()
  const fromKernel = new MessageChannel()
  const policy = connect<KernelForJail>(fromKernel.port1)
  const { wasi, quickjs, ruby, wasmrun } = texts.processes
  const urls = {
    wasi: script(wasi),
    quickjs: script(quickjs),
    ruby: script(ruby),
    wasmrun: script(wasmrun),
  }
  const pool = createPool({
    spawn: (kind) => new Worker(urls[kind]),
    onFailure: (thread, message) => void policy.api.threadFailed(thread, message),
  })
  const modules = createModules()
  const api: JailApi = {
    compile: modules.compile,
    forget: (key) => {
      modules.forget(key)
      pool.forget(key)
    },
    keepWarm: (key, recipe, count) => pool.keepWarm(key, modules.get(key), recipe, count),
    start: (thread, key, bind) => pool.start(thread, key, modules.get(key), bind),
    terminate: pool.terminate,
    census: pool.census,
  }
  expose(api, toKernel.port1)
  const kernelBoot: KernelBoot = { inspector: script(texts.inspector) }
  post(kernel, kernelBoot, [kernelPort, eventsPort, hostPort, toKernel.port2, fromKernel.port2])
}

void boot()
