/** A big project is open before its bytes have come; whoever wants some of them has them, and nothing is lost by the hurry. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, openSite, ready, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'
import { LATE_FILES, makeLateProject, useLateProject } from './late-project.ts'

let site: Site
let id = ''
const probe = [...readProgram('probe')]

before(async () => {
  site = await openSite()
  await boot(site)
  id = await site.page.evaluate(makeLateProject, LATE_FILES)
})
after(() => site?.close())

test('programs and the page use files that are still on their way, and find them whole', async () => {
  const { page } = site
  await page.reload()
  await ready(page)
  const found = await page.evaluate(useLateProject, { id, probe, count: LATE_FILES })
  assert.equal(found.losses, 0)
  assert.ok(found.absent > 0, 'it was open before all had come')
  for (const [what, isRight] of Object.entries(found.right)) assert.ok(isRight, what)
  assert.equal(found.absentAfter, 0)
  assert.deepEqual(found.problems, [])
})

test('a page that is left before all has come has lost nothing', async () => {
  const { page } = site
  for (let round = 0; round < 3; round++) {
    await page.reload()
    await ready(page)
    const absent = await page.evaluate(async (id) => {
      await window.wasmrun.projects.open(id)
      await window.wasmrun.fs.writeFile('/home/project/left', 'in a hurry')
      return (await window.wasmrun.audit()).absent
    }, id)
    assert.ok(absent > 0)
  }
  await page.reload()
  await ready(page)
  const found = await page.evaluate(async (id) => {
    const { losses } = await window.wasmrun.projects.open(id)
    const { fs, check } = window.wasmrun
    const text = await fs.readFile('/home/project/data/f2499', 'utf8')
    return {
      losses,
      text: text.slice(0, 12),
      files: (await fs.readdir('/home/project/data')).length,
      problems: await check(),
    }
  }, id)
  assert.deepEqual(found, { losses: [], text: '002499002499', files: LATE_FILES - 2, problems: [] })
})
