/**
 * What `tools/build.mjs` writes into the bundles with esbuild's `define`.
 * URLs are relative to the site's root (the folder of index.html), without a leading slash, so that the site
 * works under `/` and under a sub-path: resolve them with `new URL(name, document.baseURI)`.
 */
interface Assets {
  /** Texts to be fetched by the page and handed to the jail, which cannot fetch: classic scripts. */
  readonly jail: string
  readonly kernel: string
  /** The rarely needed part of the kernel. */
  readonly inspector: string
  /** Process workers: WASI commands, JavaScript on QuickJS, Ruby, and WASI commands with imports from `wasmrun`. */
  readonly process: string
  readonly quickjs: string
  readonly ruby: string
  readonly wasmrun: string
  /** The host worker: a classic script on the site's own origin. */
  readonly host: string
  /** Unpacks archives for the page: a classic script on the site's own origin. */
  readonly archive: string
  /** The service worker, at the site's root: classic, never hashed. */
  readonly service: string
}

/** Defined in the page's bundle only. */
declare const __ASSETS__: Assets
/** The version of package.json; defined in every bundle. */
declare const __VERSION__: string
/** Every file that the page needs to start, but service.js: path → SHA-256. Defined in the service worker's bundle only. */
declare const __SHELL__: {
  readonly id: string
  readonly version: string
  readonly files: Readonly<Record<string, string>>
}
