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

/** process and quickjs: the workers of guests, one script for each kind of program. */
export type Place = 'process' | 'quickjs' | 'kernel' | 'jail'
export type Results = Record<string, string>

export interface Plan {
  place: Place
  attacks: Attacks
  /**
   * Before or after the machine's own script is loaded, or, in the worker of a guest, in the moment in which the guest is
   * started: the worker is bound and locked down.
   */
  when: 'before' | 'after' | 'guest'
}

/** Which part of the wall is taken down, to see that the attacks then succeed. */
export type Hole = 'none' | 'sandbox' | 'policy'

export interface Patches {
  plans?: Plan[]
  hole?: Hole
  /** Text in front of a script. */
  heads?: Partial<Record<Place, string>>
}

/** In front of every worker's script: its way to report; no property of the global object, or the lock-down would take it. */
const KEEP_POST = ';const $report = self.postMessage.bind(self);'
/**
 * Calls `attack` when the guest's module is instantiated, and holds back what is posted to a port (the exit, after which the
 * worker is stopped) until the promise that it gives is settled. Put in front of the machine's script.
 */
export const atGuestStart = (attack: string): string => `;{
  const { Instance, instantiate } = WebAssembly
  const { postMessage } = MessagePort.prototype
  const { apply, construct } = Reflect
  const then = Promise.prototype.then
  const attack = ${attack}
  let over
  const start = () => {
    WebAssembly.Instance = Instance
    WebAssembly.instantiate = instantiate
    over = attack()
  }
  MessagePort.prototype.postMessage = function (...args) {
    const post = () => apply(postMessage, this, args)
    over ? apply(then, over, [post, post]) : post()
  }
  WebAssembly.Instance = function (...args) { start(); return construct(Instance, args) }
  WebAssembly.instantiate = function (...args) { start(); return apply(instantiate, WebAssembly, args) }
};`

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
export const patchSite = (
  { plans = [], hole = 'none', heads = {} }: Patches,
  target: () => Target,
): PatchedSite => {
  let holes = 0
  const patched = (name: string, text: string): string => {
    const place = /^(process|quickjs|kernel|jail)-/.exec(name)?.[1] as Place | undefined
    if (place) return withAttacks(place, `${heads[place] ?? ''}${text}`, plans, target())
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
  const send = place === 'jail' ? "((data) => parent.postMessage(data, '*'))" : '$report'
  const scripts = (when: Plan['when']): string =>
    plans
      .filter((plan) => plan.place === place && plan.when === when)
      .map(({ attacks }) => {
        const report = `((results) => ${send}({ attack: '${place} ${when}', results }))`
        const attack = attackScript(attacks, target, report)
        return when === 'guest' ? atGuestStart(attack) : `;(${attack})();`
      })
      .join('')
  const head = place === 'jail' ? RELAY : KEEP_POST
  return `${head}${scripts('before')}${scripts('guest')}${text}${scripts('after')}`
}

const withHole = (text: string, hole: Hole): string => {
  if (hole === 'sandbox')
    return text.replaceAll(JSON.stringify(JAIL_SANDBOX), '"allow-scripts allow-same-origin"')
  if (hole === 'policy') return text.replaceAll(JAIL_POLICY, '')
  return text
}
