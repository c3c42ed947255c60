import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detect } from './detect.ts'

const view = (files: Record<string, string>): Parameters<typeof detect>[0] => ({
  paths: Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
  readText: (path) => files[path],
})

test('main.rb is run before other Ruby files, and tests are no programs', () => {
  const { candidates } = detect(view({ 'main.rb': '', 'helper.rb': '', 'main_test.rb': '' }))
  assert.deepEqual(
    candidates.map(({ command, entry }) => `${command} ${entry}`),
    ['ruby main.rb', 'ruby helper.rb'],
  )
  assert.match(candidates[0]?.explanation ?? '', /usual name/)
})

test('a lone Ruby file is run, and gems of a Gemfile are named as missing', () => {
  const { candidates } = detect(
    view({ 'story.rb': 'puts 1', Gemfile: "source 'x'\ngem 'rack', '~> 3'\n gem \"sinatra\"\n" }),
  )
  assert.equal(candidates[0]?.entry, 'story.rb')
  assert.match(candidates[0]?.warnings.join() ?? '', /rack, sinatra/)
})
