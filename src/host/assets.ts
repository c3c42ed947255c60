/**
 * The bytes of one asset, from the shelf or from its server, checked in both forms.
 *
 *   shelf or network ─► SHA-256 of what travelled ─► gunzip ─► size and SHA-256 of what is inside ─► caller
 *
 * Invariant: nothing is given out whose SHA-256 does not match, and nothing is kept that was not given out. A copy on the
 * shelf that does not match is removed and fetched again.
 */
import { type Bytes, gunzip, sha256 } from './digest.ts'
import { download } from './download.ts'
import type { Asset, Form } from './manifest.ts'
import { refuse } from './refusal.ts'
import { downloadWhole, forgetPart } from './resume.ts'
import type { Shelf } from './shelf.ts'

export interface AssetSource {
  fetch: typeof fetch
  subtle: SubtleCrypto
  shelf: Shelf
  /** Milliseconds without a byte after which a download is given up. */
  patience: number
}

export interface Checked {
  bytes: Bytes
  /** As it travelled: what the shelf keeps. */
  travelled: Bytes
}

/** The form that travels: the smaller one. */
export const travelling = (asset: Asset): Form =>
  asset.gzip ?? asset.plain ?? { url: '', size: asset.size, sha256: asset.sha256 }

/** Null when these are not the bytes of that asset, in neither form. */
export const checkAsset = async (
  subtle: SubtleCrypto,
  asset: Asset,
  travelled: Bytes,
): Promise<Checked | null> => {
  const sum = await sha256(subtle, travelled)
  if (sum === asset.sha256 && travelled.length === asset.size) return { bytes: travelled, travelled }
  if (!asset.gzip || sum !== asset.gzip.sha256) return null
  const bytes = await gunzip(travelled, asset.size)
  if (!bytes || (await sha256(subtle, bytes)) !== asset.sha256) return null
  return { bytes, travelled }
}

/** From the shelf; null when it is not there or not sound (it is removed then). */
export const takeKept = async (source: AssetSource, asset: Asset): Promise<Checked | null> => {
  const kept = await source.shelf.get(asset.sha256)
  if (!kept) return null
  const checked = await checkAsset(source.subtle, asset, kept)
  if (!checked) await source.shelf.remove(asset.sha256)
  return checked
}

/** @throws Refusal as `download`, and truncated, damaged, not-a-file */
export const fetchAsset = async (
  source: AssetSource,
  asset: Asset,
  label: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Checked> => {
  const form = travelling(asset)
  const { fetch, patience, shelf } = source
  const limit = Math.max(asset.size, form.size)
  const options = { fetch, label, expected: form.size, limit, signal, patience, onBytes }
  const whole = await downloadWhole(form.url, { ...options, shelf, sha256: form.sha256 })
  let got = whole.bytes
  let checked = await checkAsset(source.subtle, asset, got)
  await forgetPart(shelf, form.sha256)
  // Put together from two answers, and not what it should be: perhaps the file has changed in between.
  if (!checked && whole.pieced && !signal.aborted) {
    got = await download(form.url, { ...options, onBytes: () => {} })
    checked = await checkAsset(source.subtle, asset, got)
  }
  if (signal.aborted) throw refuse.cancelled(label)
  if (checked) return checked
  if (looksLikePage(got)) throw refuse.notAFile(label, form.url)
  if (got.length < form.size) throw refuse.truncated(label, got.length, form.size)
  throw refuse.damaged(label)
}

/** No asset of a hub starts with '<'; a fallback page of a single-page host does, whatever type it is sent with. */
const looksLikePage = (bytes: Bytes): boolean =>
  /^\s*<(!doctype|html|\?xml)/i.test(new TextDecoder().decode(bytes.subarray(0, 100)))
