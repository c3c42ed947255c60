/** What becomes an entry of the log, and with which source and severity. Pure; `create-ui.ts` listens and applies. */
import type { RuntimeProgress } from '../../abi/control.ts'
import type { LogEntry } from '../../sdk/types.ts'

type Note = Omit<LogEntry, 'time'>

export const SOURCES: readonly LogEntry['source'][] = ['kernel', 'host', 'runtime', 'sync', 'page']

/** A source of the console as one of the log's: what is no part of the machine is the page. */
export const sourceOf = (source: string): LogEntry['source'] =>
  SOURCES.find((known) => known === source) ?? 'page'

/** The steps of a download that the log has; its bytes are on the card. */
const STEPS: Partial<Record<RuntimeProgress['step'], string>> = {
  asked: 'was asked for',
  checked: 'arrived, and its SHA-256 is right',
  kept: 'is kept on this device',
  ready: 'is ready',
  failed: 'did not arrive',
  cancelled: 'was cancelled',
}

export const runtimeNote = ({ name, version, step, message }: RuntimeProgress): Note | null => {
  const words = STEPS[step]
  if (!words) return null
  // a remark on a step that went well has an entry of its own: the console says it, too
  const hasFailed = step === 'failed'
  const why = hasFailed && message ? `: ${message}` : '.'
  return {
    source: 'runtime',
    severity: hasFailed ? 'error' : 'info',
    text: `${name} ${version} ${words}${why}`,
  }
}
