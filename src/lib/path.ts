/**
 * Paths as POSIX has them: '/' between names, every other character belongs to a name. Relative paths of a project have no
 * leading slash, and '' or '.' is the project's root.
 */

/** Joins with single slashes; empty parts and '.' vanish, '..' is kept as it is. */
export function joinPath(...parts: readonly string[]): string {
  const absolute = parts.find((part) => part !== '')?.startsWith('/') ?? false
  const names = parts.flatMap((part) => part.split('/')).filter((name) => name !== '' && name !== '.')
  return (absolute ? '/' : '') + names.join('/')
}

/** Everything before the last slash; '' where there is none. */
export function dirname(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

/** Everything after the last slash. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The last dot and what follows, as it is written; '' for names without one and for names that only start with one. */
export function extname(path: string): string {
  const name = basename(path)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot)
}

/** Number of names in a relative path; 0 for the root. */
export function depth(path: string): number {
  return path === '' || path === '.' ? 0 : path.split('/').length
}

/** All directories above a relative path, outermost first: 'a/b/c' gives 'a' and 'a/b'. */
export function ancestors(path: string): string[] {
  const found: string[] = []
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
    found.push(path.slice(0, slash))
  return found
}

/**
 * Removes '.', empty names and every '..' that has a name before it, without looking at a disk.
 * @returns the path relative to the root, '' for the root itself, or undefined when it leads out of the root
 */
export function normalizeInside(path: string): string | undefined {
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') names.push(name)
    else if (names.pop() === undefined) return undefined
  }
  return names.join('/')
}

/** Orders paths so that a directory stands before what is in it, and shallow paths before deep ones. */
export function compareByDepth(a: string, b: string): number {
  return depth(a) - depth(b) || (a < b ? -1 : a > b ? 1 : 0)
}
