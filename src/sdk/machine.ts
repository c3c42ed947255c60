/**
 * Opens one machine: the host worker, the jail's frame and the links between page, host and kernel.
 *
 * Invariant: when kernel or host die, every call that waits on them fails with a reason; nothing hangs. What does not come is told
 * in time and given up in the end (start-watch.ts), from the first script to the last answer.
 */
import type { HostApi, HostEvent, JailBoot, JailWatcher, KernelApi, KernelEvent } from '../abi/control.ts'
import { listen, post } from '../ipc/port.ts'
import { connect, expose, type Link } from '../ipc/rpc.ts'
import { parseKernelEvent } from './events.ts'
import { openJail } from './jail-frame.ts'
import { createStartWatch } from './start-watch.ts'

/** Where the scripts of the machine are, as absolute URLs. */
export interface MachineScripts {
  jail: string
  kernel: string
  /** The rarely needed part of the kernel. */
  inspector: string
  /** One process script per kind of runtime. */
  process: string
  quickjs: string
  ruby: string
  wasmrun: string
  host: string
  /** Unpacks archives. */
  archive: string
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
  /** The start takes long, with what it waits for; null when that is over. */
  slow(message: string | null): void
  /** The machine is gone, with a sentence that says why. */
  lost(message: string): void
}

/** @throws Error in plain words when a script cannot be fetched or the kernel does not start. */
export const openMachine = async (
  scripts: MachineScripts,
  listener: MachineListener,
): Promise<OpenMachine> => {
  const watch = createStartWatch(listener.slow)
  const unfetched = new AbortController()
  const fetchScript = (url: string): Promise<string> => fetchText(url, unfetched.signal)
  const {
    jail: jailUrl,
    kernel: kernelUrl,
    quickjs: quickjsUrl,
    ruby: rubyUrl,
    wasmrun: ownUrl,
    inspector: inspectorUrl,
  } = scripts
  let close = (): void => unfetched.abort()
  try {
    const texts = await watch.awaited(
      'its scripts from the server',
      Promise.all(
        [jailUrl, kernelUrl, inspectorUrl, scripts.process, quickjsUrl, rubyUrl, ownUrl].map(fetchScript),
      ),
    )
    const [jail = '', kernelText = '', inspector = '', wasi = '', quickjs = '', ruby = '', wasmrun = ''] =
      texts
    const between = new MessageChannel()
    const hostSide = openHost(scripts, between.port1, listener)
    const boot = { kernel: kernelText, inspector, processes: { wasi, quickjs, ruby, wasmrun } }
    const inside = openKernel(jail, boot, between.port2, listener)
    close = () => {
      inside.close()
      hostSide.close()
    }
    await watch.awaited('the sandbox', inside.opened)
    await Promise.all([
      watch.awaited('the kernel', inside.link.api.facts()),
      watch.awaited('the storage worker', hostSide.link.api.hello()),
    ])
    return { kernel: inside.link, host: hostSide.link, close }
  } catch (error) {
    close()
    throw error
  } finally {
    watch.stop()
  }
}

/** The jail with the kernel in it. */
const openKernel = (
  script: string,
  boot: JailBoot,
  host: MessagePort,
  listener: MachineListener,
): { link: Link<KernelApi>; opened: Promise<void>; close(): void } => {
  const kernelChannel = new MessageChannel()
  const eventChannel = new MessageChannel()
  const controlChannel = new MessageChannel()
  const link = connect<KernelApi>(kernelChannel.port1)
  const lose = (message: string): void => {
    link.cut(new Error(message))
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
  const { opened, remove } = openJail(script, boot, {
    kernel: kernelChannel.port2,
    events: eventChannel.port2,
    host,
    control: controlChannel.port2,
  })
  const close = (): void => {
    // What is on its way from here must not be taken for the next machine's, whose pids are the same.
    deaf()
    controlChannel.port1.close()
    remove()
    link.cut(new Error('the machine was closed'))
  }
  return { link, opened, close }
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

const fetchText = async (url: string, signal: AbortSignal): Promise<string> => {
  const response = await fetch(url, { signal })
  if (!response.ok)
    throw new Error(`${url} answered ${response.status}: the site is incomplete, reload the page`)
  return response.text()
}
