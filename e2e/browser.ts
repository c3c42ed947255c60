/**
 * A browser and the built site, for one test file: a static server that sets no isolation headers (unless asked), Chromium
 * through playwright-core, and what a user does that Playwright has no word for, such as dropping a folder from the disk.
 */
import { resolve } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import type { Wasmrun } from '../src/sdk/types.ts'
import { serve } from '../tools/serve.mjs'

declare global {
  interface Window {
    wasmrun: Wasmrun
  }
}

/** As root in a container; the rest keeps the browser quiet. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface SiteOptions {
  headers?: 'none' | 'isolated'
  base?: string
  /** Answers a request itself; to damage a download or to patch a script. */
  intercept?: Parameters<typeof serve>[0]['intercept']
  /** A built site; default what SITE_ROOT names, else dist/. */
  root?: string
  /** Where the page is opened; default the site's own name under localhost. */
  hostname?: string
  /** One that is shared with other tests of the file; it stays open. A profile of its own is made in it. */
  browser?: Browser
  profile?: BrowserContextOptions
}

export interface Site {
  url: string
  browser: Browser
  context: BrowserContext
  page: Page
  /** Paths that the server was asked for, in order. */
  requests: string[]
  close(): Promise<void>
}

export const chromePath = (): string => process.env.CHROME_PATH ?? '/usr/bin/chromium'

/** @param flags besides those that every test has */
export const launch = (flags: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: chromePath(), args: [...FLAGS, ...flags] })

/** Serves dist/, opens a fresh profile and one page; does not navigate. */
export const openSite = async (options: SiteOptions = {}): Promise<Site> => {
  const { headers = 'none', base = '/', intercept, hostname = 'wasmrun.localhost', profile = {} } = options
  const root = resolve(options.root ?? process.env.SITE_ROOT ?? 'dist')
  const server = await serve({ root, headers, base, ...(intercept ? { intercept } : {}) })
  const browser = options.browser ?? (await launch())
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...profile })
  const page = await context.newPage()
  return {
    url: `http://${hostname}:${server.port}${base}`,
    browser,
    context,
    page,
    requests: server.requests,
    close: async () => {
      await (options.browser ? context : browser).close()
      await server.close()
    },
  }
}

/** Opens the site and waits until the machine runs. */
export const boot = async (site: Site, search = ''): Promise<Page> => {
  await site.page.goto(site.url + search)
  await ready(site.page)
  return site.page
}

/** Survives the automatic reloads of a first visit. */
export const ready = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined, null, {
    timeout: 30_000,
  })
  await page.evaluate(() => window.wasmrun.ready)
}

/** Loads the page again as a tab that has nothing open: what is kept stays. */
export const startOver = async (page: Page): Promise<void> => {
  await page.evaluate(() => {
    // a project that is being kept at this moment must not be remembered after all
    Storage.prototype.setItem = () => {}
    sessionStorage.clear()
  })
  await page.reload()
  await ready(page)
}

/** Drops files or folders of this disk on an element, as a user would: the page gets true handles. */
export const drop = async (page: Page, selector: string, paths: string[]): Promise<void> => {
  const box = await page.locator(selector).first().boundingBox()
  if (!box) throw new Error(`${selector} is not on the page`)
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: paths.map((path) => resolve(path)), dragOperationsMask: 1 }
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data })
  }
  await session.detach()
}

export type Tree = Record<string, string | Uint8Array>

/** Puts files into the machine; names may hold slashes. */
export const mount = (page: Page, tree: Tree, path = '/home/project'): Promise<void> =>
  page.evaluate(
    async ({ files, path }) => {
      for (const { name, text, base64 } of files) {
        const file = `${path}/${name}`
        await window.wasmrun.fs.mkdir(file.slice(0, file.lastIndexOf('/')), { recursive: true })
        const data = base64 === null ? text : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
        await window.wasmrun.fs.writeFile(file, data)
      }
    },
    {
      files: Object.entries(tree).map(([name, data]) => ({
        name,
        text: typeof data === 'string' ? data : '',
        base64: typeof data === 'string' ? null : Buffer.from(data).toString('base64'),
      })),
      path,
    },
  )

export interface Finished {
  code: number
  signal: string | null
  stdout: string
  stderr: string
}

/** Runs a command through the public API and collects what it says. */
export const run = (
  page: Page,
  command: string,
  args: string[] = [],
  options: { cwd?: string; env?: Record<string, string>; stdin?: string; terminal?: boolean } = {},
): Promise<Finished> =>
  page.evaluate(
    async ({ command, args, options }) => {
      const child = await window.wasmrun.spawn(command, args, options)
      const text = async (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()
      const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), child.exit])
      return { ...exit, stdout, stderr }
    },
    { command, args, options },
  )
