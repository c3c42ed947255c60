/** The kernel worker: receives its ports from the jail's document and starts the kernel. */
import type { HostForKernel, JailApi, KernelBoot, KernelEvent } from '../src/abi/control.ts'
import { SysError } from '../src/abi/errno.ts'
import { once, post } from '../src/ipc/port.ts'
import { connect, expose } from '../src/ipc/rpc.ts'
import type { Inspector } from '../src/kernel/inspector.ts'
import { createKernel } from '../src/kernel/kernel.ts'

const boot = async (): Promise<void> => {
  const { data, ports } = await once(self as unknown as MessagePort)
  const [page, events, host, jail, fromJail] = ports
  if (!page || !events || !host || !jail || !fromJail) throw new Error('the jail gave too few ports')
  const report = (event: KernelEvent): void => post(events, event, transfers(event))
  try {
    const kernel = createKernel({
      jail: connect<JailApi>(jail).api,
      host: connect<HostForKernel>(host).api,
      report,
      inspector: loader((data as KernelBoot).inspector),
    })
    expose(kernel.api, page)
    expose(kernel.forJail, fromJail)
    await kernel.loop()
  } catch (error) {
    report({ type: 'fault', message: describe(error) })
  }
}

/** Evaluates the script of that URL when it is first needed. */
const loader = (url: string) => (): Inspector => {
  const scope = self as unknown as WorkerGlobalScope & { inspector?: Inspector }
  if (!scope.inspector) scope.importScripts(url)
  if (!scope.inspector) throw new Error('the inspector’s script has no inspector in it')
  return scope.inspector
}

/** A refusal is told in its own words; anything else is a defect, and its stack says where. */
const describe = (error: unknown): string => {
  if (error instanceof SysError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const transfers = (event: KernelEvent): Transferable[] =>
  event.type === 'output' ? event.chunks.map((chunk) => chunk.bytes.buffer as ArrayBuffer) : []

void boot()
