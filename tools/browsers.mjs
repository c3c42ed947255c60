/**
 * Finds the browsers that the e2e tests drive: what the environment names, what is installed, and for Chromium what can be
 * fetched. Firefox is optional; its tests say so when there is none.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const CHROMIUM = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
]
const CHROMIUM_APPS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]
const FIREFOX = ['firefox', 'firefox-esr', 'firefox-developer-edition']
const FIREFOX_APPS = [
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
]

/** The path of an installed Chromium or Chrome, or null. CHROME_PATH wins. */
export function findChromium() {
  return find(process.env.CHROME_PATH, CHROMIUM, CHROMIUM_APPS)
}

/** The path of an installed Firefox, or null. FIREFOX_PATH wins. */
export function findFirefox() {
  return find(process.env.FIREFOX_PATH, FIREFOX, FIREFOX_APPS)
}

/**
 * A Chromium, fetched when there is none: first Playwright's own, then the system's package.
 * @returns {Promise<string>} its path; rejects with what to do by hand
 */
export async function ensureChromium() {
  const installed = findChromium() ?? (await playwrightChromium())
  if (installed) return installed
  console.log('no Chromium here: fetching one')
  spawnSync(
    process.execPath,
    ['node_modules/playwright-core/cli.js', 'install', '--with-deps', 'chromium'],
    INHERIT,
  )
  const fetched = await playwrightChromium()
  if (fetched) return fetched
  if (process.getuid?.() === 0 && isFile('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['update', '-qq'], INHERIT)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], INHERIT)
  }
  const system = findChromium()
  if (system) return system
  throw new Error('the e2e tests need a Chromium: install one, or name it with CHROME_PATH=/path/to/chrome')
}

const INHERIT = /** @type {const} */ ({ stdio: 'inherit' })

/** @returns {Promise<string | null>} */
async function playwrightChromium() {
  const { chromium } = await import('playwright-core')
  const path = chromium.executablePath()
  return path && isFile(path) ? path : null
}

/** @param {string | undefined} named @param {string[]} names @param {string[]} apps @returns {string | null} */
function find(named, names, apps) {
  if (named) {
    if (isFile(named)) return named
    throw new Error(`${named} is no program that can be run: check CHROME_PATH and FIREFOX_PATH`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter)
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...places, ...apps].find(isFile) ?? null
}

/** @param {string} path */
function isFile(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
