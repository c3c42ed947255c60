/**
 * The hubs that the user added: mirrors in wasmhub's formats, on any server that sends CORS headers. Nothing they send is
 * believed: manifests go through the same checks as our own, and bytes have to match the SHA-256 that the same mirror named.
 *
 * Invariant: a mirror is kept only when it answered and offers a runtime that this machine can run.
 */
import type { RuntimeSource } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import type { Offer } from './catalogue.ts'
import type { Hub } from './hub.ts'
import { MOST_SOURCES, type Settings } from './settings.ts'

export interface Sources {
  list(): Promise<RuntimeSource[]>
  /** URLs of the folders. */
  urls(): Promise<string[]>
  /** @throws SysError EINVAL for an address that cannot be one, EEXIST; Refusal when the mirror cannot be used */
  add(url: string): Promise<RuntimeSource>
  remove(url: string): Promise<void>
}

/**
 * The folder that a user means: the address of a folder or of its manifest.json, over https (http on this very machine).
 * @throws SysError EINVAL with the reason
 */
export const parseSource = (text: string): string => {
  const bad = (why: string): never => {
    throw new SysError(ERRNO.INVAL, text.slice(0, 200), why)
  }
  const trimmed = text.trim()
  if (!URL.canParse(trimmed)) return bad('that is no address: it begins with https://')
  const url = new URL(trimmed)
  const local = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname) || url.hostname.endsWith('.localhost')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    return bad('a mirror has to be on https://')
  if (url.username !== '' || url.password !== '') return bad('an address with a password in it is not kept')
  if (url.search !== '' || url.hash !== '') return bad('the address of a mirror has no ? and no #')
  const folder = url.pathname.replace(/\/manifest\.json$/, '/')
  return new URL(folder.endsWith('/') ? folder : `${folder}/`, url).href
}

export const createSources = (
  settings: Settings,
  hub: Pick<Hub, 'probe' | 'refresh'>,
  own: string,
): Sources => {
  // A setting is checked where it is read: a list of texts, or nothing.
  const urls = async (): Promise<string[]> => ((await settings.get('sources')) as string[] | undefined) ?? []
  const describe = (url: string, { entries, refused }: Offer): RuntimeSource => ({
    url,
    offers: entries.map(({ name, version }) => `${name} ${version}`),
    problems: refused.map(({ name, version, reason }) => `${name} ${version}: ${reason}`),
  })
  return {
    urls,
    list: async () =>
      Promise.all(
        (await urls()).map((url) =>
          hub.probe(url).then(
            (offer) => describe(url, offer),
            (error: unknown) => ({
              url,
              offers: [],
              problems: [error instanceof Error ? error.message : String(error)],
            }),
          ),
        ),
      ),
    add: async (text) => {
      const url = parseSource(text)
      const known = await urls()
      if (url === own || known.includes(url))
        throw new SysError(ERRNO.EXIST, url, 'that hub is there already')
      if (known.length >= MOST_SOURCES)
        throw new SysError(ERRNO.NOSPC, url, `${MOST_SOURCES} mirrors are the most`)
      const found = describe(url, await hub.probe(url))
      if (found.offers.length === 0)
        throw new SysError(
          ERRNO.INVAL,
          url,
          `it offers nothing that runs here. ${found.problems.slice(0, 3).join(' ')}`.trim(),
        )
      await settings.set('sources', [...known, url])
      hub.refresh()
      return found
    },
    remove: async (text) => {
      const url = parseSource(text)
      const left = (await urls()).filter((other) => other !== url)
      await settings.set('sources', left.length > 0 ? left : undefined)
      hub.refresh()
    },
  }
}
