/** `?verbose`, `?debug` and `?strace=python3,probe` of the page's address. */
import type { DiagnosticOptions } from '../abi/control.ts'

const isOn = (value: string | null): boolean => value !== null && value !== '0' && value !== 'false'

/** @param search as in location.search. `?strace` alone means every command. */
export const diagnosticsOf = (search: string): DiagnosticOptions => {
  const asked = new URLSearchParams(search)
  const names = (asked.get('strace') ?? '').split(',').map((name) => name.trim())
  const strace = asked.has('strace') ? names.map((name) => name || 'all') : []
  return { verbose: isOn(asked.get('verbose')), debug: isOn(asked.get('debug')), strace }
}
