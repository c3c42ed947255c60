/** What the page says about a folder of the disk. Pure. */
import type { DiskStatus } from '../../abi/disk.ts'
import { formatTime, plural } from '../format.ts'

export interface DiskWords {
  /** Two or three words, for bar and strip. */
  short: string
  /** A sentence or two: how it stands and why. */
  long: string
  tone: 'live' | 'warn' | 'fault' | 'none'
}

const changes = (count: number): string => plural(count, 'change')

/** ' since 11:40'; minutes are enough to know which work it is. */
const sinceText = (since: number): string => (since === 0 ? '' : ` since ${formatTime(since).slice(0, 5)}`)

const waiting = ({ pending, since }: DiskStatus, none: string): string =>
  pending === 0
    ? none
    : `Your ${changes(pending)}${sinceText(since)} ${pending === 1 ? 'is' : 'are'} kept here, not on disk.`

const inStep = (status: DiskStatus): DiskWords => {
  const { folder, readonly, pending } = status
  if (!readonly) return { short: 'in step', long: `${folder} and the project are equal.`, tone: 'live' }
  if (pending === 0)
    return {
      short: 'read-only',
      long: `The project follows ${folder}, which is never written.`,
      tone: 'live',
    }
  return {
    short: `${pending} only here`,
    long: `The project follows ${folder}, which is never written. ${waiting(status, '')}`,
    tone: 'warn',
  }
}

export const diskWords = (status: DiskStatus): DiskWords => {
  const { state, folder, pending, message } = status
  if (state === 'off')
    return { short: 'no folder', long: 'The project is in this browser only.', tone: 'none' }
  if (state === 'in-step') return inStep(status)
  if (state === 'working')
    return {
      short: pending > 0 ? `${pending} to write` : 'comparing',
      long:
        pending > 0
          ? `${changes(pending)} on the way to ${folder}.`
          : `${folder} and the project are being compared.`,
      tone: 'none',
    }
  if (state === 'permission')
    return {
      short: 'closed',
      long: `The browser closed the folder ${folder}. ${waiting(status, 'Nothing has changed here since.')}`,
      tone: 'warn',
    }
  if (state === 'failed')
    return {
      short: pending > 0 ? `${pending} not written` : 'not in step',
      long: `${message} It is tried again by itself. ${waiting(status, '')}`.trim(),
      tone: 'fault',
    }
  if (status.isEmptied)
    return {
      short: 'suddenly empty',
      long: `Everything in ${folder} is gone from the disk. Nothing was removed here: say whether that was meant.`,
      tone: 'warn',
    }
  return {
    short: 'not found',
    long: `${folder} was renamed, moved or removed. Nothing was removed here. ${waiting(status, '')} It goes on by itself when the folder is back.`,
    tone: 'warn',
  }
}

/** How fresh the picture of the disk is. */
export const noticingText = ({ noticing }: DiskStatus): string =>
  noticing === 'observer'
    ? 'What changes on the disk is noticed at once.'
    : noticing === 'scan'
      ? 'The disk is looked at every second, or less often where that takes long.'
      : ''
