/**
 * A site whose scripts are patched on their way to the browser, so that attacks run inside of the jail with native code:
 * in a process worker before or after it has been locked down, in the kernel worker, in the jail's document.
 *
 *   worker ──postMessage──► jail's document ──► window of the page ──► reports()
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { JAIL_POLICY, JAIL_SANDBOX } from '../src/sdk/jail-frame.ts'
import { type Attacks, attackScript, type Target } from './attacks.ts'

export type Place = 'process' | 'kernel' | 'jail'
export type Results = Record<string, string>

export interface Plan {
  place: Place
  attacks: Attacks
  /** Before the machine's own script, which locks down, or after it. */
  when: 'before' | 'after'
}

/** Which part of the wall is taken down, to see that the attacks then succeed. */
export type Hole = 'none' | 'sandbox' | 'policy'

/** In front of every worker's script: its way to report, kept before anything is taken away. */
const KEEP_POST = ';globalThis.$report = self.postMessage.bind(self);'
/** In front of the jail's script: what workers report goes on to the page. */
const RELAY = `;{
  const Native = Worker
  const Relayed = function (url, options) {
    const worker = new Native(url, options)
    worker.addEventListener('message', ({ data }) => { if (data?.attack) parent.postMessage(data, '*') })
    return worker
  }
  Relayed.prototype = Native.prototype
  globalThis.Worker = Relayed
};`

export interface PatchedSite {
  intercept(request: IncomingMessage, response: ServerResponse): boolean
  /** How often the hole was made: 0 means that the test would prove nothing. */
  holes(): number
}

/** @param target is asked for when a script is served: the port of the site is known only then */
export const patchSite = (plans: Plan[], hole: Hole, target: () => Target): PatchedSite => {
  let holes = 0
  const patched = (name: string, text: string): string => {
    const place = /^(process|kernel|jail)-/.exec(name)?.[1] as Place | undefined
    if (place) return withAttacks(place, text, plans, target())
    const open = withHole(text, hole)
    if (open !== text) holes++
    return open
  }
  return {
    holes: () => holes,
    intercept: (request, response) => {
      const name = basename((request.url ?? '').split('?')[0] ?? '')
      if (!(request.url ?? '').includes('/assets/') || !name.endsWith('.js')) return false
      const text = readFileSync(join(process.env.SITE_ROOT ?? 'dist', 'assets', name), 'utf8')
      response.writeHead(200, { 'Content-Type': 'text/javascript', 'Cache-Control': 'no-store' })
      response.end(patched(name, text))
      return true
    },
  }
}

const withAttacks = (place: Place, text: string, plans: Plan[], target: Target): string => {
  const scripts = (when: Plan['when']): string =>
    plans
      .filter((plan) => plan.place === place && plan.when === when)
      .map(({ attacks }) => {
        const send = place === 'jail' ? "((data) => parent.postMessage(data, '*'))" : '$report'
        return attackScript(
          attacks,
          target,
          `((results) => ${send}({ attack: '${place} ${when}', results }))`,
        )
      })
      .join('')
  const head = place === 'jail' ? RELAY : KEEP_POST
  return `${head}${scripts('before')}${text}${scripts('after')}`
}

const withHole = (text: string, hole: Hole): string => {
  if (hole === 'sandbox')
    return text.replaceAll(JSON.stringify(JAIL_SANDBOX), '"allow-scripts allow-same-origin"')
  if (hole === 'policy') return text.replaceAll(JAIL_POLICY, '')
  return text
}
