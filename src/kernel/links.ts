/**
 * The kernel's ends of the control links, one per thread of a process.
 *
 * Invariant: a link is closed with its thread, whoever ends that; a thread that begins finds no older one.
 */
export interface Links {
  open(thread: number, port: MessagePort): void
  close(thread: number): void
  readonly count: number
}

export const createLinks = (): Links => {
  const ports = new Map<number, MessagePort>()
  const close = (thread: number): void => {
    ports.get(thread)?.close()
    ports.delete(thread)
  }
  return {
    open: (thread, port) => {
      close(thread)
      ports.set(thread, port)
    },
    close,
    get count() {
      return ports.size
    },
  }
}
