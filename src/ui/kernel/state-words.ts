/** A process's state as a word and as a lamp. Pure. */
import { signalName } from '../../abi/signals.ts'
import type { ProcessRow } from '../stores/process-store.ts'

/** What a process waits for, by the call that it waits in. Every call that blocks has its words. */
const WAITS: Record<string, string> = {
  read: 'input, or the other end of a pipe',
  write: 'room for its output',
  poll: 'time, or one of its descriptors',
  wait: 'a child',
  exec: 'its next program to be loaded',
  spawn: 'a child to be loaded',
  thread: 'a thread to be made',
  kill: 'the kernel',
  exit: 'the kernel',
  raise: 'the kernel',
  sync: 'the project to be saved',
  flock: 'a lock on a file',
  lock: 'a lock on a part of a file',
  open: 'the other end of a FIFO',
  semaphore: 'a semaphore',
  watch: 'a first look at a folder',
  port: 'a message port',
  send: 'room in a message port',
  receive: 'a message',
}

export const waitWords = ({ state, waiting }: Pick<ProcessRow, 'state' | 'waiting'>): string => {
  if (state === 'stopped') return 'SIGCONT: it is suspended'
  if (state !== 'sleeping') return 'nothing'
  const words = WAITS[waiting]
  if (!words) return waiting ? `the call ${waiting}` : 'another thread'
  return `${words} (${waiting})`
}

export const stateWords = ({
  state,
  waiting,
  exit,
  note,
}: Pick<ProcessRow, 'state' | 'waiting' | 'exit' | 'note'>): string => {
  if (state === 'ended') {
    if (!exit) return 'Ended'
    return exit.signal > 0 ? `Ended by ${signalName(exit.signal)}` : `Exited, code ${exit.code}`
  }
  if (state === 'starting') return 'Starting'
  if (state === 'stopped') return 'Suspended'
  if (state === 'sleeping') return waiting ? `Waiting, ${waiting}` : 'Sleeping'
  // a loop without calls cannot be stopped, only ended: nobody should wonder why it runs on
  return note ? `Running, ${note}` : 'Running'
}

/** Class of the lamp: an end without error is a grey cross, not a red one. */
export const lampOf = ({ state, exit }: Pick<ProcessRow, 'state' | 'exit'>): string =>
  state === 'ended' && exit?.code === 0 && exit.signal === 0 ? 'done' : state
