/** What the log has of the folder of the disk. Pure. */
import type { DiskStatus } from '../../abi/disk.ts'
import type { LogEntry } from '../../sdk/types.ts'

type Note = Omit<LogEntry, 'time'>

const STATES: Record<DiskStatus['state'], { severity: Note['severity']; text: string }> = {
  off: { severity: 'info', text: 'No folder is in step any more.' },
  'in-step': { severity: 'info', text: 'in step: both sides are equal.' },
  working: { severity: 'debug', text: 'changes are on their way.' },
  permission: { severity: 'warning', text: 'the browser has closed the folder.' },
  vanished: { severity: 'error', text: 'the folder is not where it was.' },
  failed: { severity: 'error', text: 'the disk refuses it.' },
}

/** What is new in how the folder stands: its state, conflicts, what takes no part. */
export const syncNotes = (before: DiskStatus, now: DiskStatus): Note[] => {
  const notes: Note[] = []
  const { severity, text } = STATES[now.state]
  if (now.state !== before.state || now.message !== before.message)
    notes.push({
      source: 'sync',
      severity,
      text: now.state === 'off' ? text : `${now.folder}: ${now.message || text}`,
    })
  for (const { path, mine } of now.conflicts)
    if (!before.conflicts.some((known) => known.mine === mine))
      notes.push({
        source: 'sync',
        severity: 'warning',
        text: `${path} changed here and on disk. The disk's is in place; yours is ${mine}.`,
      })
  for (const { path, reason } of now.leftOut)
    if (!before.leftOut.some((known) => known.path === path && known.reason === reason))
      notes.push({ source: 'sync', severity: 'info', text: `${path} takes no part: ${reason}` })
  return notes.slice(0, NOTES_MAX)
}

/** Of one change: a folder with thousands of ignored files is told by its first ones; the panel of the disk has all. */
const NOTES_MAX = 50
