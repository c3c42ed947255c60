/**
 * Raw messages. This room is the only one that says postMessage, so that whoever wants to know what crosses a wall reads
 * these few files.
 *
 * Invariant: an endpoint has one listener for the life of the thread; what it hands over is `unknown` and has to be parsed.
 */

/** A port, a worker, or the global scope of a dedicated worker. */
export interface Endpoint {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

export const post = (
  to: Pick<Endpoint, 'postMessage'>,
  message: unknown,
  transfer: Transferable[] = [],
): void => to.postMessage(message, transfer)

/** Calls back for every message until the returned function is called. Starts a MessagePort. */
export const listen = (
  from: Endpoint | MessagePort,
  listener: (data: unknown, ports: readonly MessagePort[]) => void,
): (() => void) => {
  const heard = (event: MessageEvent): void => listener(event.data, event.ports)
  from.addEventListener('message', heard as EventListener)
  if ('start' in from) from.start()
  return () => from.removeEventListener('message', heard as EventListener)
}

/** The first message, and no other. */
export const once = (
  from: Endpoint | MessagePort,
): Promise<{ data: unknown; ports: readonly MessagePort[] }> =>
  new Promise((resolve) => {
    const stop = listen(from, (data, ports) => {
      stop()
      resolve({ data, ports })
    })
  })

/** A window of another origin, as far as one may see it. */
export interface Frame {
  postMessage(message: unknown, targetOrigin: string, transfer: Transferable[]): void
}

/** To a sandboxed document: its origin is opaque, so no target origin can be named. */
export const postToFrame = (frame: Frame, message: unknown, transfer: Transferable[]): void =>
  frame.postMessage(message, '*', transfer)
