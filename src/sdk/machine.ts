/**
 * Opens one machine: the host worker, the jail's frame and the links between page, host and kernel.
 *
 * Invariant: when kernel or host die, every call that waits on them fails with a reason; nothing hangs.
 */
import type { HostApi, HostEvent, JailWatcher, KernelApi, KernelEvent } from '../abi/control.ts'
import { listen, post } from '../ipc/port.ts'
import { connect, expose, type Link } from '../ipc/rpc.ts'
import { parseKernelEvent } from './events.ts'
import { openJail } from './jail-frame.ts'

/** Where the scripts of the machine are, as absolute URLs. */
export interface MachineScripts {
  jail: string
  kernel: string
  /** One process script per kind of runtime. */
  process: string
  quickjs: string
  ruby: string
  wasmrun: string
  host: string
  /** Folder of the runtimes' manifest. */
  runtimes: string
  /** The service worker that keeps the page itself; null where the embedding site has its own. */
  service: string | null
}

export interface OpenMachine {
  kernel: Link<KernelApi>
  host: Link<HostApi>
  close(): void
}

export interface MachineListener {
  kernel(event: KernelEvent): void
  host(event: HostEvent): void
  /** The machine is gone, with a sentence that says why. */
  lost(message: string): void
}

/** A kernel that has not answered by then is reported as not started. */
const BOOT_TIMEOUT_MS = 20_000

/** @throws Error in plain words when a script cannot be fetched or the kernel does not start. */
export const openMachine = async (
  scripts: MachineScripts,
  listener: MachineListener,
): Promise<OpenMachine> => {
  const [jail, kernelText, wasi, quickjs, ruby, wasmrun] = await Promise.all([
    fetchText(scripts.jail),
    fetchText(scripts.kernel),
    fetchText(scripts.process),
    fetchText(scripts.quickjs),
    fetchText(scripts.ruby),
    fetchText(scripts.wasmrun),
  ])
  const between = new MessageChannel()
  const hostSide = openHost(scripts, between.port1, listener)

  const kernelChannel = new MessageChannel()
  const eventChannel = new MessageChannel()
  const controlChannel = new MessageChannel()
  const kernel = connect<KernelApi>(kernelChannel.port1)
  const lose = (message: string): void => {
    kernel.cut(new Error(message))
    listener.lost(message)
  }
  const deaf = listen(eventChannel.port1, (data) => {
    const event = parseKernelEvent(data)
    if (!event) return
    if (event.type === 'fault') lose(`The machine stopped: ${event.message}`)
    else listener.kernel(event)
  })
  const watcher: JailWatcher = { kernelFailed: (message) => lose(`The machine stopped: ${message}`) }
  expose(watcher, controlChannel.port1)
  const removeFrame = await openJail(
    jail,
    { kernel: kernelText, processes: { wasi, quickjs, ruby, wasmrun } },
    {
      kernel: kernelChannel.port2,
      events: eventChannel.port2,
      host: between.port2,
      control: controlChannel.port2,
    },
  )
  const close = (): void => {
    // What is on its way from here must not be taken for the next machine's, whose pids are the same.
    deaf()
    controlChannel.port1.close()
    removeFrame()
    hostSide.close()
    kernel.cut(new Error('the machine was closed'))
  }
  const timer = setTimeout(() => lose('The machine did not start within 20 seconds.'), BOOT_TIMEOUT_MS)
  try {
    await kernel.api.facts()
  } catch (error) {
    close()
    throw error
  } finally {
    clearTimeout(timer)
  }
  return { kernel, host: hostSide.link, close }
}

const openHost = (
  scripts: MachineScripts,
  kernelPort: MessagePort,
  listener: MachineListener,
): { link: Link<HostApi>; close: () => void } => {
  const worker = new Worker(scripts.host, { name: 'host' })
  const api = new MessageChannel()
  const events = new MessageChannel()
  const link = connect<HostApi>(api.port1)
  const deaf = listen(events.port1, (data) => listener.host(data as HostEvent))
  worker.addEventListener('error', (event) => {
    const message = `The storage worker stopped: ${event.message || 'it could not start'}`
    link.cut(new Error(message))
    listener.lost(message)
  })
  post(worker, { type: 'boot', runtimes: scripts.runtimes }, [api.port2, events.port2, kernelPort])
  return {
    link,
    close: () => {
      deaf()
      worker.terminate()
      link.cut(new Error('the machine was closed'))
    },
  }
}

const fetchText = async (url: string): Promise<string> => {
  const response = await fetch(url)
  if (!response.ok)
    throw new Error(`${url} answered ${response.status}: the site is incomplete, reload the page`)
  return response.text()
}
