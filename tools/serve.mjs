/**
 * A static server as plain as the hosts that the site is for: it serves one folder and sets no isolation headers unless
 * asked. Used by `npm start` and by the e2e tests, which import `serve`.
 *
 * Invariant: nothing outside the folder is ever sent (the path is resolved, links followed, and compared).
 */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.webmanifest', 'application/manifest+json; charset=utf-8'],
  ['.wasm', 'application/wasm'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.md', 'text/plain; charset=utf-8'],
  ['.zip', 'application/zip'],
])

/** What netlify.toml sets, too: either pair makes `crossOriginIsolated` true. */
export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/**
 * @typedef {object} ServeOptions
 * @property {string} root the folder to serve
 * @property {string} [host] the address to listen on; 127.0.0.1 unless told
 * @property {number} [port] 0 (the default) takes a free one
 * @property {'none' | 'isolated'} [headers] whether to set COOP and COEP; 'none' unless told
 * @property {string} [base] the path the folder appears under, '/' or '/repo/'
 * @property {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean} [intercept]
 *   answers a request itself and says true; tests use it to damage a download
 *
 * @typedef {object} Served
 * @property {string} url `http://HOST:PORT/BASE`, with a final slash
 * @property {number} port
 * @property {string[]} requests the paths asked for, in order, for tests
 * @property {() => Promise<void>} close ends open connections, too
 */

/**
 * Serves a folder.
 * @param {ServeOptions} options
 * @returns {Promise<Served>} once it listens; rejects with EADDRINUSE when the port is taken
 */
export async function serve({ root, host = '127.0.0.1', port = 0, headers = 'none', base = '/', intercept }) {
  const folder = await realpath(resolve(root))
  /** @type {string[]} */
  const requests = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (intercept?.(request, response)) return
    answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function answer(request, response) {
    response.setHeader('Cache-Control', 'no-cache')
    if (headers === 'isolated')
      for (const [name, value] of Object.entries(ISOLATED)) response.setHeader(name, value)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'only GET and HEAD')
    const path = pathOf(request.url ?? '/')
    if (path === null) return refuse(response, 400, 'not a path')
    if (path === base.slice(0, -1)) {
      response.writeHead(301, { Location: base })
      response.end()
      return
    }
    if (!path.startsWith(base)) return refuse(response, 404, `nothing at ${path}: the site is under ${base}`)
    const file = await find(folder, path.slice(base.length))
    if (file === null) return refuse(response, 404, `no file at ${path}`)
    send(request, response, file)
  }

  await new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => done(undefined))
  })
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host}:${taken}${base}`,
    port: taken,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** The decoded path of a request, or null when it is none. @param {string} url */
function pathOf(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    return path.includes('\0') ? null : path
  } catch {
    return null
  }
}

/**
 * @typedef {{ path: string, size: number, tag: string }} Found
 * @param {string} folder @param {string} name @returns {Promise<Found | null>}
 */
async function find(folder, name) {
  try {
    let path = await realpath(join(folder, name))
    if ((await stat(path)).isDirectory()) path = await realpath(join(path, 'index.html'))
    if (!path.startsWith(folder + sep)) return null
    const info = await stat(path)
    if (!info.isFile()) return null
    return {
      path,
      size: info.size,
      tag: `"${info.size.toString(36)}-${Math.trunc(info.mtimeMs).toString(36)}"`,
    }
  } catch {
    return null
  }
}

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response @param {Found} file */
function send(request, response, file) {
  response.setHeader(
    'Content-Type',
    TYPES.get(extname(file.path).toLowerCase()) ?? 'application/octet-stream',
  )
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('ETag', file.tag)
  if (request.headers['if-none-match'] === file.tag) {
    response.writeHead(304)
    response.end()
    return
  }
  const range = parseRange(request.headers.range, file.size)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${file.size}` })
    response.end()
    return
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 }
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.size}`)
  response.writeHead(range ? 206 : 200, { 'Content-Length': Math.max(0, end - start + 1) })
  if (request.method === 'HEAD' || end < start) {
    response.end()
    return
  }
  createReadStream(file.path, { start, end })
    .on('error', () => response.destroy())
    .pipe(response)
}

/**
 * One byte range (RFC 9110, 14.1.2); several at once are answered with the whole file, which the RFC allows.
 * @param {string | undefined} header
 * @param {number} size bytes in the file
 * @returns {{ start: number, end: number } | null | 'unsatisfiable'} end is inclusive; null: no range was asked for
 */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [, first = '', last = ''] = match
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return null
  return start >= size ? 'unsatisfiable' : { start, end }
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} why */
function refuse(response, status, why) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${status}: ${why}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const argument = (/** @type {string} */ name, /** @type {string} */ otherwise) => {
    const found = process.argv.find((word) => word.startsWith(`--${name}=`))
    return found ? found.slice(name.length + 3) : otherwise
  }
  const served = await serve({
    root: argument('root', 'dist'),
    host: argument('host', '127.0.0.1'),
    port: Number(argument('port', '8420')),
    base: argument('base', '/'),
    headers: argument('headers', 'none') === 'isolated' ? 'isolated' : 'none',
  })
  console.log(`serving on ${served.url}`)
}
