import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detect } from './detect.ts'
import { detectLazily } from './detect-lazily.ts'
import { createView } from './pack.ts'
import type { PlannedFile } from './walk.ts'

const encoder = new TextEncoder()

/** A project whose files note that they were read. */
const project = (texts: Record<string, string>) => {
  const read: string[] = []
  const files = Object.entries(texts).map(([path, text]): PlannedFile => {
    const bytes = encoder.encode(text)
    return {
      path,
      size: bytes.length,
      read: async () => {
        read.push(path)
        return bytes
      },
    }
  })
  const whole = createView(
    files.map(({ path, size }) => ({ path, size })),
    (path) => (path in texts ? encoder.encode(texts[path]) : undefined),
  )
  return { files, read, whole }
}

test('it finds what is found when everything is at hand, and reads what says how to run, once', async () => {
  const { files, read, whole } = project({
    '.wasmrun.toml': '[os_mode]\nentry = "tools/start.py"\n',
    '.python-version': '3.12\n',
    'package.json': '{ "scripts": { "start": "node server.js" }, "engines": { "node": ">=20" } }',
    'server.js': 'console.log(1)',
    'tools/start.py': 'if __name__ == "__main__": print(1)',
    'tools/other.py': 'x = 1',
    'data/large.csv': '1,2,3',
    'README.md': '# A project',
  })
  const runtimes = [{ name: 'python', version: '3.12.0' }]
  const found = await detectLazily({ files }, { runtimes })
  assert.deepEqual(found, detect(whole, { runtimes }))
  assert.equal(found.candidates[0]?.entry, 'tools/start.py')
  assert.deepEqual([...new Set(read)].sort(), [...read].sort())
  assert.ok(!read.includes('data/large.csv') && !read.includes('README.md'), read.join(' '))
})

test('of thousands of loose scripts a few hundred are looked into, those of the root first', async () => {
  const scripts = Array.from({ length: 4000 }, (_, index) => [
    `part-${index % 40}/script_${index}.py`,
    'x = 1',
  ])
  const { files, read } = project({
    ...Object.fromEntries(scripts),
    'helper.py': 'x = 1',
    'here.py': 'if __name__ == "__main__": print(1)',
  })
  const { candidates } = await detectLazily({ files })
  assert.equal(candidates[0]?.entry, 'here.py')
  assert.ok(read.length <= 400, `${read.length} files were read`)
})

test('a file that cannot be read is one that says nothing', async () => {
  const { files } = project({ 'main.js': 'print(1)', 'package.json': '{ "main": "other.js" }' })
  const broken = files.map((file) =>
    file.path === 'package.json' ? { ...file, read: () => Promise.reject(new Error('gone')) } : file,
  )
  const { candidates } = await detectLazily({ files: broken })
  assert.equal(candidates[0]?.entry, 'main.js')
})
