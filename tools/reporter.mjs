const NOTE = /^note: /

/**
 * A node:test reporter that writes one JSON line for each finished test, for `tools/tests.mjs` to count.
 * `name` is the path of names from the outermost suite inward. Suites themselves are no tests; a suite is written only when it
 * fails by itself (a hook that throws). A diagnostic that begins with 'note: ' says that a test took a lesser road (a tool is not
 * installed): it goes along as `{ note }`, for whoever reads the run.
 *
 * @param {AsyncIterable<{ type: string, data: any }>} source
 */
export default async function* report(source) {
  /** @type {string[]} */
  const names = []
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      names.length = data.nesting
      names[data.nesting] = data.name
    }
    if (type === 'test:diagnostic' && NOTE.test(data.message))
      yield `${JSON.stringify({ note: data.message })}\n`
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const name = [...names.slice(0, data.nesting), data.name].join(' › ')
    const error = data.details?.error
    const passed = type === 'test:pass'
    if (data.details?.type === 'suite' && (passed || error?.failureType === 'subtestsFailed')) continue
    const skipped = data.skip !== undefined || data.todo !== undefined
    yield `${JSON.stringify({ name, passed, skipped, milliseconds: data.details?.duration_ms ?? 0, error: describe(error) })}\n`
  }
}

/** The error as thrown by the test, not node:test's wrapper. @param {any} error */
function describe(error) {
  if (!error) return ''
  const cause = error.cause ?? error
  return typeof cause === 'object' && cause !== null
    ? String(cause.stack ?? cause.message ?? cause)
    : String(cause)
}
