/**
 * Static hosts as they answer, for tests: headers, redirects, what a missing file gets, and the path the site lies under.
 * What can be configured is read from the files that are deployed and from docs/deploy.md, so that a recipe that is
 * wrong there fails.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, resolve } from 'node:path'
import { parse } from 'smol-toml'

export const DIST = resolve(process.env.SITE_ROOT ?? 'dist')

export type Rule = readonly [pattern: RegExp, headers: Record<string, string>]

export interface Host {
  name: string
  /** Where the site lies. */
  base: string
  /** Those whose pattern fits the path below `base`; the last one counts. */
  rules: readonly Rule[]
  types: Record<string, string>
  /** The type of what is not in `types`; none where the host sends none. */
  otherType: string | null
  /** Answers by itself: redirects. True when it did. */
  redirect?(path: string, response: ServerResponse): boolean
  /** What a missing file gets. */
  missing: { status: number; file: string | null }
  /** Files that are never sent. */
  hidden?: RegExp
  /** Sends these with Content-Encoding gzip, unchanged. */
  encodes?: RegExp
}

/** `*` stands for anything, as Netlify and Cloudflare write it. */
const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  )

/** The `_headers` file of Cloudflare Pages and Netlify. */
export const readHeadersFile = (text: string): Rule[] => {
  const rules: [RegExp, Record<string, string>][] = []
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue
    const header = /^\s+([\w-]+):\s*(.+?)\s*$/.exec(line)
    const last = rules.at(-1)
    if (!header) rules.push([glob(line.trim()), {}])
    else if (last) last[1][header[1] ?? ''] = header[2] ?? ''
  }
  return rules
}

export const readNetlify = (text: string): Rule[] => {
  const { headers } = parse(text) as unknown as { headers: { for: string; values: Record<string, string> }[] }
  return headers.map(({ for: pattern, values }) => [glob(pattern), values])
}

/** The block of docs/deploy.md: `add_header` of the server, or of the location that fits best and has any. */
export const readNginx = (text: string): { rules: Rule[]; types: Record<string, string> } => {
  const headersOf = (block: string): Record<string, string> =>
    Object.fromEntries(
      Array.from(block.matchAll(/add_header ([\w-]+) ("[^"]*"|[^\s;]+)/g), ([, name = '', value = '']) => [
        name,
        value.replaceAll('"', ''),
      ]),
    )
  const locations = Array.from(text.matchAll(/location (?:\^~ )?(\S+) \{([^}]*)\}/g))
  const server = headersOf(text.replace(/location [^{]*\{[^}]*\}/g, ''))
  const rules = locations.map(([, prefix = '', block = '']): Rule => {
    const own = headersOf(block)
    return [glob(`${prefix}*`), Object.keys(own).length > 0 ? own : server]
  })
  const types = /types \{([^}]*)\}/.exec(text)?.[1] ?? ''
  return {
    rules,
    types: Object.fromEntries(
      Array.from(types.matchAll(/(\S+) (\w+);/g), ([, type = '', end = '']) => [`.${end}`, type]),
    ),
  }
}

/** `Header set` of an .htaccess, with FilesMatch. */
export const readHtaccess = (text: string): Rule[] => {
  const rules: [RegExp, Record<string, string>][] = []
  let pattern = /^/
  for (const line of text.split('\n')) {
    const files = /<FilesMatch "(.*)">/.exec(line)?.[1]
    if (files !== undefined) pattern = new RegExp(files)
    if (line.includes('</FilesMatch>')) pattern = /^/
    const [, name, value] = /Header set (\S+) "(.*)"/.exec(line) ?? []
    if (name !== undefined && value !== undefined) rules.push([pattern, { [name]: value }])
  }
  return rules
}

export interface Serving {
  url: string
  requests: string[]
  close(): Promise<void>
}

export const serveAs = async (host: Host): Promise<Serving> => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    answer(host, request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://host.localhost:${port}${host.base}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

const answer = (host: Host, request: IncomingMessage, response: ServerResponse): void => {
  const { pathname } = new URL(request.url ?? '/', 'http://x')
  if (`${pathname}/` === host.base) return void response.writeHead(301, { Location: host.base }).end()
  if (!pathname.startsWith(host.base))
    return void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>404')
  const path = `/${decodeURIComponent(pathname.slice(host.base.length))}`
  if (host.redirect?.(path, response)) return
  const file = find(host, path)
  const sent = file ?? (host.missing.file === null ? null : join(DIST, host.missing.file))
  for (const [pattern, headers] of host.rules)
    if (pattern.test(path))
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (sent === null)
    return void response.writeHead(host.missing.status, { 'Content-Type': 'text/html' }).end('<h1>Not found')
  const type = host.types[extname(sent)] ?? host.otherType
  if (type !== null) response.setHeader('Content-Type', type)
  if (host.encodes?.test(sent)) response.setHeader('Content-Encoding', 'gzip')
  response.writeHead(file ? 200 : host.missing.status).end(readFileSync(sent))
}

const find = (host: Host, path: string): string | null => {
  if (host.hidden?.test(path)) return null
  const file = join(DIST, path)
  if (!file.startsWith(DIST) || !existsSync(file)) return null
  if (!statSync(file).isDirectory()) return file
  const index = join(file, 'index.html')
  return existsSync(index) ? index : null
}
