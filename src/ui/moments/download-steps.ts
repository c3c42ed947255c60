/** The way of a runtime onto this device, as steps on a wire. Pure. */
import type { RuntimeProgress } from '../../abi/control.ts'
import { formatBytes, formatDuration, formatShare } from '../format.ts'
import type { Download } from '../stores/runtime-store.ts'

export interface Step {
  readonly name: string
  readonly detail: string
  readonly figure: string
  readonly state: 'done' | 'now' | 'next'
}

const ORDER: readonly RuntimeProgress['step'][] = ['asked', 'downloading', 'checked', 'kept', 'ready']

export const percent = ({ loaded, total }: { loaded: number; total: number }): number =>
  total > 0 ? Math.min(100, Math.floor((loaded / total) * 100)) : 0

/** '2.1 MB/s, 2 s left', as far as it is known. */
export const rateText = ({ rate, left }: { rate: number; left: number }): string => {
  if (rate <= 0) return ''
  return left > 0 ? `${formatBytes(rate)}/s, ${formatDuration(left * 1000)} left` : `${formatBytes(rate)}/s`
}

export const shareText = ({ loaded, total }: { loaded: number; total: number }): string =>
  total > 0 ? formatShare(loaded, total) : formatBytes(loaded)

export const downloadSteps = (download: Download, program: string): Step[] => {
  const at = Math.max(0, ORDER.indexOf(download.step))
  const state = (index: number): Step['state'] => (index < at ? 'done' : index === at ? 'now' : 'next')
  const { asked, downloading } = download.times
  const took = asked !== undefined && downloading !== undefined ? formatDuration(downloading - asked) : ''
  return [
    {
      name: 'Asked the catalogue',
      detail: `${download.name}-${download.version}${download.total > 0 ? `, ${formatBytes(download.total)}` : ''}`,
      figure: took,
      state: state(0),
    },
    {
      name: at > 1 ? 'Downloaded' : 'Downloading',
      detail: 'from this site',
      figure: at === 1 ? `${percent(download)} %` : '',
      state: state(1),
    },
    { name: 'Check it against its published SHA-256', detail: '', figure: '', state: state(2) },
    { name: 'Keep it for next time', detail: '', figure: '', state: state(3) },
    { name: `Start ${program}`, detail: '', figure: '', state: state(4) },
  ]
}
