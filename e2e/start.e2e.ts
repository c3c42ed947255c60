/** `npm start`: where the site is served, and what is said when its port is taken. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { test } from 'node:test'

const PORT = 8420
/** Milliseconds until it serves; the site is built by then. */
const PATIENCE_MS = 60_000

/** Holds the port for the test; null where somebody else has it already. */
const occupy = (): Promise<Server | null> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(PORT, '127.0.0.1', () => resolve(server))
  })

/** What it says until `words` are among it. */
const says = (child: ChildProcess, words: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`it did not say ${words}:\n${text}`)), PATIENCE_MS)
    const hear = (chunk: Buffer): void => {
      text += chunk
      if (!words.test(text)) return
      clearTimeout(timer)
      resolve(text)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
  })

test('on another port it says that saved projects belong to the usual one, and serves the site', async () => {
  const occupied = await occupy()
  const child = spawn(process.execPath, ['tools/start.mjs'])
  try {
    const text = await says(child, /to have them back/)
    assert.match(
      text,
      new RegExp(`Port ${PORT} is taken\\. Saved projects belong to http://wasmrun\\.localhost:${PORT}`),
    )
    const port = Number(/wasmrun OS {2}http:\/\/wasmrun\.localhost:(\d+)/.exec(text)?.[1])
    assert.ok(port > PORT && port < PORT + 10, `port ${port}`)
    const response = await fetch(`http://127.0.0.1:${port}/`)
    assert.match(await response.text(), /<title>wasmrun OS/)
  } finally {
    child.kill()
    occupied?.close()
  }
})
