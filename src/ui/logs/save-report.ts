/** The report of a bug as a file: what it holds is decided by the SDK (src/sdk/report.ts), nothing is added here. */
import { giveDownload } from '../files/give-download.ts'
import { messageOf } from '../format.ts'
import type { Ui } from '../ui.ts'

export const saveReport = async ({ wasmrun, stores }: Pick<Ui, 'wasmrun' | 'stores'>): Promise<void> => {
  const toast = (kind: 'live' | 'fault', text: string): void =>
    stores.notices.apply({ type: 'toast', kind, text })
  try {
    const report = await wasmrun.report()
    const name = `wasmrun-report-${report.time.replaceAll(/[:.]/g, '-')}.json`
    giveDownload(name, new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`))
    toast(
      'live',
      `${name}: versions, what the browser can do, processes, the log. No file of yours is in it.`,
    )
  } catch (error) {
    toast('fault', `There is no report: ${messageOf(error)}`)
  }
}
