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
import { type Attacks, attackScript, INERT, type Target } from './attacks.ts'

/** process, quickjs and ruby: the workers of guests, one script for each kind of program. */
export type Guest = 'process' | 'quickjs' | 'ruby'
export type Place = Guest | 'kernel' | 'jail'
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

/**
 * A part of the wall that is taken down, to see that the attacks then succeed.
 *
 *   'origin'     the sandbox attribute allows the site's origin
 *   'attribute'  there is no sandbox attribute
 *   'policy'     the line in the jail's document
 *   'frames'     the line in the page's own document, by which no frame ever goes anywhere
 */
export type Part = 'origin' | 'attribute' | 'policy' | 'frames'

export interface Patches {
  plans?: Plan[]
  hole?: readonly Part[]
  /** The page takes the browser for one without Document-Isolation-Policy. */
  withoutDip?: boolean
  /** Text in front of a script. */
  heads?: Partial<Record<Place, string>>
}

/** In front of every worker's script: its way to report; no property of the global object, or the lock-down would take it. */
const KEEP_POST = ';const $report = self.postMessage.bind(self);'
/**
 * Calls `attack` when the guest's module is instantiated in a worker that is locked down (before, a kind of program may run once to
 * get warm; a worker that is never locked down is never attacked, and the test waits in vain), and holds back the message by which the
 * worker says its exit, after which it is stopped, until the promise that it gives is settled. Put in front of the machine's script.
 */
export const atGuestStart = (attack: string): string => `;{
  const { Instance, instantiate } = WebAssembly
  const { postMessage } = MessagePort.prototype
  const { apply, construct } = Reflect
  const then = Promise.prototype.then
  const attack = ${attack}
  let over
  const start = () => {
    if (globalThis.fetch !== undefined) return
    WebAssembly.Instance = Instance
    WebAssembly.instantiate = instantiate
    over = attack()
  }
  MessagePort.prototype.postMessage = function (...args) {
    const post = () => apply(postMessage, this, args)
    over && args[0]?.path?.[0] === 'exit' ? apply(then, over, [post, post]) : post()
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

/** Each part as it stands in what the site serves, and what is served instead. */
const LINES: Record<Part, [line: string, instead: string]> = {
  origin: [JSON.stringify(JAIL_SANDBOX), '"allow-scripts allow-same-origin"'],
  attribute: ['.setAttribute("sandbox",', '.setAttribute("data-sandbox",'],
  policy: [JAIL_POLICY, ''],
  frames: ["frame-src 'none'", ''],
}

export interface PatchedSite {
  intercept(request: IncomingMessage, response: ServerResponse): boolean
  /** The parts that were not found, so were not taken down: the test would prove nothing. */
  standing(): Part[]
}

/** @param target is asked for when a script is served: the port of the site is known only then */
export const patchSite = (
  { plans = [], hole = [], heads = {} }: Patches,
  target: () => Target,
): PatchedSite => {
  const standing = new Set(hole)
  const opened = (text: string): string => {
    let open = text
    for (const part of hole) {
      const [line, instead] = LINES[part]
      if (open.includes(line)) standing.delete(part)
      open = open.replaceAll(line, instead)
    }
    return open
  }
  const patched = (name: string, text: string): string => {
    const place = /^(process|quickjs|ruby|kernel|jail)-/.exec(name)?.[1] as Place | undefined
    return place ? withAttacks(place, `${heads[place] ?? ''}${text}`, plans, target()) : opened(text)
  }
  const read = (name: string): string => readFileSync(join(process.env.SITE_ROOT ?? 'dist', name), 'utf8')
  return {
    standing: () => [...standing],
    intercept: (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const name = basename(path)
      const isScript = path.includes('/assets/') && name.endsWith('.js')
      const answer =
        path === INERT
          ? '0'
          : path === '/'
            ? opened(read('index.html'))
            : isScript && patched(name, read(`assets/${name}`))
      if (answer === false) return false
      const type = path === '/' ? 'text/html' : 'text/javascript'
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' })
      response.end(answer)
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
