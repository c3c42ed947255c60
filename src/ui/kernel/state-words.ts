/** A process's state as a word and as a lamp. Pure. */
import { signalName } from '../../abi/signals.ts'
import type { ProcessRow } from '../stores/process-store.ts'

export const stateWords = ({
  state,
  waiting,
  exit,
}: Pick<ProcessRow, 'state' | 'waiting' | 'exit'>): string => {
  if (state === 'ended') {
    if (!exit) return 'Ended'
    return exit.signal > 0 ? `Ended by ${signalName(exit.signal)}` : `Exited, code ${exit.code}`
  }
  if (state === 'starting') return 'Starting'
  if (state === 'stopped') return 'Suspended'
  if (state === 'sleeping') return waiting ? `Waiting, ${waiting}` : 'Sleeping'
  return 'Running'
}

/** Class of the lamp: an end without error is a grey cross, not a red one. */
export const lampOf = ({ state, exit }: Pick<ProcessRow, 'state' | 'exit'>): string =>
  state === 'ended' && exit?.code === 0 && exit.signal === 0 ? 'done' : state
