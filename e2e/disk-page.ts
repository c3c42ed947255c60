/**
 * The page with a folder that it may write, as a user with a picker has it: a folder of the origin's private filesystem stands in for
 * one of the disk, and this process answers what the browser would ask the user. Both realms, page and host worker, ask it.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import type { Page } from 'playwright-core'
import { ISOLATED } from '../tools/serve.mjs'
import { openSite, ready, type Site } from './browser.ts'

export interface DiskSite extends Site {
  /** What the browser says about writing to the folder now. */
  permission: PermissionState
  /** What the user says when asked. */
  answer: PermissionState
  /** How often the user was asked. */
  asked: number
}

/** Runs in page and worker before anything else. */
const STUB = `
const ask = (mode, way) => fetch('/permission?' + mode + '&' + way).then((each) => each.text(), () => 'granted');
FileSystemHandle.prototype.queryPermission = async ({ mode }) => ask(mode, 'query');
FileSystemHandle.prototype.requestPermission = async ({ mode }) => ask(mode, 'request');
`

const PICKER = `
globalThis.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('shop', { create: true });
`

export const openDiskSite = async (): Promise<DiskSite> => {
  const state = { permission: 'prompt' as PermissionState, answer: 'granted' as PermissionState, asked: 0 }
  const permission = (query: string): PermissionState => {
    if (!query.startsWith('readwrite')) return 'granted'
    if (query.endsWith('query') || state.permission === 'granted') return state.permission
    state.asked++
    state.permission = state.answer
    return state.permission
  }
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const isScript = /^host-.*\.js$/.test(basename(path))
    if (path !== '/permission' && !isScript) return false
    const file = join(process.env.SITE_ROOT ?? 'dist', 'assets', basename(path))
    const type = isScript ? 'text/javascript' : 'text/plain'
    response.writeHead(200, { ...ISOLATED, 'Content-Type': type, 'Cache-Control': 'no-store' })
    response.end(isScript ? STUB + readFileSync(file, 'utf8') : permission(query))
    return true
  }
  // without a service worker every script comes from this server
  const site = await openSite({ headers: 'isolated', intercept, profile: { serviceWorkers: 'block' } })
  await site.context.addInitScript({ content: STUB + PICKER })
  await site.page.goto(site.url)
  await ready(site.page)
  return Object.assign(state, site)
}

type Content = string | null

/** What another program does in the folder. */
export const onDisk = (page: Page, files: Record<string, Content>): Promise<void> =>
  page.evaluate(async (list) => {
    const shop = await (await navigator.storage.getDirectory()).getDirectoryHandle('shop', { create: true })
    for (const [path, content] of list) {
      const parts = path.split('/')
      const name = parts.pop() ?? ''
      let folder = shop
      for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true })
      if (content === null) await folder.removeEntry(name, { recursive: true })
      else {
        const writer = await (await folder.getFileHandle(name, { create: true })).createWritable()
        await writer.write(content)
        await writer.close()
      }
    }
  }, Object.entries(files))

/** Another folder of that name: nothing is in it. */
export const emptyDisk = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    await root.removeEntry('shop', { recursive: true }).catch(() => {})
    await root.getDirectoryHandle('shop', { create: true })
  })

/** Paths and texts of everything in the folder, as 'path: text'. */
export const diskLines = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const lines: string[] = []
    const walk = async (folder: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
      for await (const child of folder.values())
        if (child.kind === 'directory')
          await walk(child as FileSystemDirectoryHandle, `${prefix}${child.name}/`)
        else {
          const text = await (await (child as FileSystemFileHandle).getFile()).text()
          lines.push(`${prefix}${child.name}: ${text}`)
        }
    }
    await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle('shop'), '')
    return lines.sort()
  })

/** Waits until the folder holds just that. */
export const diskBecomes = async (page: Page, wanted: readonly string[]): Promise<void> => {
  const end = Date.now() + 20_000
  for (;;) {
    const lines = await diskLines(page)
    if (JSON.stringify(lines) === JSON.stringify(wanted)) return
    if (Date.now() > end) throw new Error(`the folder has ${JSON.stringify(lines)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
