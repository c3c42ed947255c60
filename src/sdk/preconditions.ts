/** What is told where the page cannot be isolated (isolation.ts). Apart, for it is fetched only where it is shown. */
import type { PreconditionCode } from './isolation.ts'

export interface Precondition {
  code: PreconditionCode
  title: string
  text: string
}

const WORDS: Record<PreconditionCode, { title: string; text: string }> = {
  insecure: {
    title: 'This page needs a secure address',
    text: 'Programs run only on https:// or on localhost. Open the same page with https:// in front.',
  },
  framed: {
    title: 'This page is shown inside another page',
    text: 'The page around it does not let it be isolated, so programs cannot run. Open it in a tab of its own.',
  },
  'no-service-worker': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'This browser has no service workers here. Private windows and some settings switch them off: try a normal window.',
  },
  'service-worker-blocked': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'The browser did not let the service worker start. Private windows, blocked site data and some extensions do that: allow site data for this address and try again.',
  },
  'service-worker-late': {
    title: 'This page could not be isolated yet, so programs cannot run',
    text: 'The service worker has not started within 8 seconds. The page goes on by itself when it comes. If it does not: private windows, blocked site data and some extensions hold it back; allow site data for this address and try again.',
  },
  'storage-blocked': {
    title: 'This browser blocks storage for this page',
    text: 'Runtimes are kept in the browser’s storage and the page may not use it. Allow cookies and site data for this address and try again.',
  },
  'not-isolated': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'It was reloaded twice and is still not isolated. Private windows and some extensions block service workers; a company policy can too.',
  },
  'no-shared-memory': {
    title: 'This browser has no shared memory',
    text: 'Programs need SharedArrayBuffer, WebAssembly threads and Atomics.waitAsync: Chromium 123, Firefox 145 or newer.',
  },
}

export const precondition = (code: PreconditionCode): Precondition => ({ code, ...WORDS[code] })
