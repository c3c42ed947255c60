/**
 * The wall. One sandboxed frame of opaque origin per open project; everything of the project runs in its workers.
 *
 * Invariant: `sandbox` never gets allow-same-origin, and the policy line stands before the first script. The tests take both
 * away, one at a time, and then demand that the attacks succeed.
 */
import type { JailBoot } from '../abi/control.ts'
import { postToFrame } from '../ipc/port.ts'

export const JAIL_SANDBOX = 'allow-scripts'
export const JAIL_POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; worker-src blob:; connect-src 'none'"

/** Ports of the jail's document, in the order it expects them. */
export interface JailPorts {
  kernel: MessagePort
  events: MessagePort
  host: MessagePort
  control: MessagePort
}

export interface Jail {
  /** The document has its texts and ports. May never settle: the caller has a clock. */
  opened: Promise<void>
  /** Takes the frame away, with all workers in it. */
  remove(): void
}

/** Makes the frame and hands texts and ports to its document. */
export const openJail = (script: string, boot: JailBoot, ports: JailPorts): Jail => {
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', JAIL_SANDBOX)
  frame.allow = 'cross-origin-isolated *'
  frame.hidden = true
  frame.title = 'Sandbox of the running project'
  frame.setAttribute('aria-hidden', 'true')
  frame.srcdoc = jailDocument(script)
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
  document.body.append(frame)
  const handOver = async (): Promise<void> => {
    await loaded
    const target = frame.contentWindow
    if (!target) throw new Error('the sandbox could not be opened')
    postToFrame(target, boot, [ports.kernel, ports.events, ports.host, ports.control])
  }
  return { opened: handOver(), remove: () => frame.remove() }
}

const jailDocument = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${JAIL_POLICY}">` +
  `<script>${script.replaceAll('</script', '<\\/script')}</script>`
