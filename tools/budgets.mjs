/**
 * Byte budgets: what must arrive before each part of the machine starts, gzipped. Measured from a build.
 */

/**
 * KiB, gzipped. The page is what comes before any lazy part; quickjs and ruby are the process script with the face of their engine,
 * wasmrun the one with more imports;
 * the inspector is fetched with the kernel's script and evaluated when it is first asked for; the archive worker comes when the first .zip does.
 */
const BUDGETS = /** @type {const} */ ({
  page: 60,
  kernel: 60,
  inspector: 12,
  process: 40,
  quickjs: 60,
  wasmrun: 50,
  service: 15,
  ruby: 46,
  host: 46,
  jail: 8,
  archive: 12,
})
const KIB = 1024

/**
 * @param {import('./build.mjs').Build} build
 * @returns {{ lines: string[], exceeded: string[], weights: { part: string, bytes: number, limit: number }[] }} a table, a message for
 *   each part over its budget, and the same as bytes
 */
export function checkBudgets(build) {
  const lines = []
  const exceeded = []
  const weights = []
  for (const [part, limit] of Object.entries(BUDGETS)) {
    const paths = build.parts[/** @type {keyof typeof BUDGETS} */ (part)]
    const sizes = paths.map((path) => build.files.find((file) => file.path === path))
    const absent = paths.filter((_, index) => !sizes[index])
    if (absent.length > 0) exceeded.push(`${part}: the build has no ${absent.join(', ')}`)
    const bytes = sizes.reduce((sum, file) => sum + (file?.gzip ?? 0), 0)
    const line = `${part.padEnd(8)} ${(bytes / KIB).toFixed(1).padStart(6)} of ${limit} KiB`
    lines.push(line)
    weights.push({ part, bytes, limit: limit * KIB })
    if (bytes > limit * KIB) exceeded.push(`${line}: over its budget`)
  }
  return { lines, exceeded, weights }
}
