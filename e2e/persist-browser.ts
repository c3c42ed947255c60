/** A browser that can be killed: a process of its own with a profile that outlives it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium, type Page } from 'playwright-core'
import { chromePath, FLAGS } from './browser.ts'

export interface Profile {
  /** Starts the browser; one page, not navigated. */
  start(): Promise<Page>
  /** SIGKILL to all its processes. */
  kill(): Promise<void>
  remove(): Promise<void>
}

const START_MS = 20_000

export const createProfile = async (): Promise<Profile> => {
  const folder = await mkdtemp(join(tmpdir(), 'wasmrun-profile-'))
  let browser: ChildProcess | null = null
  const kill = async (): Promise<void> => {
    const { pid, exitCode } = browser ?? {}
    if (!browser || pid === undefined || exitCode !== null) return
    const ended = new Promise((resolve) => browser?.once('exit', resolve))
    process.kill(-pid, 'SIGKILL')
    await ended
    browser = null
  }
  return {
    start: async () => {
      const file = join(folder, 'DevToolsActivePort')
      // A killed browser leaves the mark of its lock behind.
      for (const left of [
        file,
        ...['Lock', 'Cookie', 'Socket'].map((name) => join(folder, `Singleton${name}`)),
      ])
        await rm(left, { force: true })
      const flags = [
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        'about:blank',
      ]
      // A group of its own, so that all its processes end at once.
      browser = spawn(chromePath(), [...FLAGS, ...flags], { stdio: 'ignore', detached: true })
      const end = Date.now() + START_MS
      let port = ''
      while (port === '' && Date.now() < end) {
        await pause(50)
        port = (await readFile(file, 'utf8').catch(() => '')).split('\n')[0] ?? ''
      }
      if (port === '') throw new Error(`the browser did not start within ${START_MS / 1000} s`)
      const link = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
      const context = link.contexts()[0]
      if (!context) throw new Error('the browser has no profile')
      return context.pages()[0] ?? context.newPage()
    },
    kill,
    remove: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
