/**
 * QuickJS-NG as a WASI reactor, as the package ships it: it has no `_start`; src/runtimes/quickjs drives its exports.
 * Invariant: only the module with this SHA-256 is taken, because the glue was written against its exports.
 */
export const QUICKJS = {
  package: 'quickjs-wasi',
  file: 'quickjs.wasm',
  sha256: 'd4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9',
  /** of the engine inside, as its qjs_get_quickjs_version says */
  version: '0.17.0',
  /** day on which the package was published */
  released: '2026-09-29',
}
