/** Hands bytes to the browser's downloads, under a name. */

/** Milliseconds until the address of the bytes is taken back: browsers read it a little later than the click. */
const KEPT = 60_000

export const giveDownload = (name: string, data: Uint8Array | Blob): void => {
  // a copy on plain memory: a Blob takes no view on shared memory
  const blob = data instanceof Blob ? data : new Blob([data.slice()])
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT)
}
