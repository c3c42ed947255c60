import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { eachInode } from './inode.ts'
import { INODE, STORED } from './layout.ts'
import { createModel } from './model.ts'
import { createReference } from './reference.ts'
import { fillFile } from './tree.ts'
import { attachVfs } from './vfs.ts'

const isLong = process.env.LONG === '1'
const STEPS = Number(process.env.STEPS ?? (isLong ? 20_000_000 : 2_000_000))
const SEED = Number(process.env.SEED ?? (isLong ? Date.now() & 0x7fffffff : 20250611))
/** Steps between two looks at everything, and between two fresh starts. */
const CHECK_EVERY = 50_000
const CLEAR_EVERY = 200_000

test(`${STEPS} random steps, seed ${SEED}: the filesystem does what the reference does`, () => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const reference = createReference()
  const empty = reference.count()
  const model = createModel(vfs, reference, SEED, (file, bytes) => fillFile(vfs, file, bytes))
  let shared = 0
  for (let step = 1; step <= STEPS; step++) {
    try {
      model.step()
      if (step % CHECK_EVERY === 0 || step === STEPS) {
        model.compareAll()
        assert.deepEqual(fsck(files), [])
        eachInode(vfs.volume, (at) => {
          if (memory.i32[at + INODE.KIND] === STORED) shared++
        })
      }
      if (step % CLEAR_EVERY === 0) {
        model.clear()
        assert.deepEqual(fsck(files), [])
        assert.equal(reference.count(), empty)
        assert.deepEqual({ ...files.usage(), used: 0 }, { files: 0, directories: 5, content: 0, used: 0 })
      }
    } catch (error) {
      throw new Error(
        `seed ${SEED}, step ${step}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
    }
  }
  assert.ok(shared > 0, 'no content was ever shared')
  const seen = [...model.counts].map(([name, count]) => `${name} ${count}`).join(', ')
  console.log(`model: ${STEPS} steps with seed ${SEED}: ${seen}, ${shared} shared`)
})
