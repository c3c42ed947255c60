/** What went wrong while a source was listed or read, in words that name the path and say what to do. */

/** True where the browser says that a file or folder is no longer there. */
export function isVanished(error: unknown): boolean {
  return nameOf(error) === 'NotFoundError'
}

function nameOf(error: unknown): string {
  return error instanceof Error || (typeof error === 'object' && error !== null && 'name' in error)
    ? String(error.name)
    : ''
}

/** @param path relative to the project; '' for the project's own folder */
export function describeFailure(path: string, error: unknown): string {
  const what = path === '' ? "The project's folder" : path
  switch (nameOf(error)) {
    case 'NotFoundError':
      return `${what} has vanished while it was being read. What was read before is kept; bring the folder again for the rest.`
    case 'NotAllowedError':
    case 'SecurityError':
      return `${what} may not be read: the browser or the system refuses. Allow it, or bring the folder again.`
    case 'NotReadableError':
      return `${what} cannot be read: another program holds it, or it is changing. Bring the folder again.`
    default:
      return `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
