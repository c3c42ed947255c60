import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnosticsOf } from './diagnostics.ts'

test('the address asks for nothing, for something, for all', () => {
  assert.deepEqual(diagnosticsOf(''), { verbose: false, debug: false, strace: [] })
  assert.deepEqual(diagnosticsOf('?verbose&debug=1'), { verbose: true, debug: true, strace: [] })
  assert.deepEqual(diagnosticsOf('?verbose=0&debug=false'), { verbose: false, debug: false, strace: [] })
  assert.deepEqual(diagnosticsOf('?strace=python3, probe').strace, ['python3', 'probe'])
  assert.deepEqual(diagnosticsOf('?strace').strace, ['all'])
})
