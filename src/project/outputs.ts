/** Finished programs that detection names. They are loaded although they are ignored, and nothing beside them is. */

/**
 * True for `main.wasm` anywhere, a .wasm in the root, and what Cargo has built: the .wasm files in
 * `release` and `debug` of `target/wasm32-…`, of a crate inside too, without the pieces below (`deps/`, `build/`).
 */
export function isOutput(path: string): boolean {
  if (!path.endsWith('.wasm')) return false
  return !path.includes('/') || path.endsWith('/main.wasm') || BUILT.test(path)
}

const BUILT = /(^|\/)target\/wasm32-[^/]+\/(release|debug)\/[^/]+\.wasm$/

/** True for an ignored folder that has to be entered on the way to what Cargo has built. */
export function leadsToOutputs(path: string): boolean {
  return /(^|\/)target(\/wasm32-[^/]+(\/(release|debug))?)?$/.test(path)
}
