/** Names that another system would take for the same: kept both, since here they differ, and said. */

export interface Note {
  readonly path: string
  readonly message: string
}

/** One note for each path that equals an earlier one up to case or Unicode normal form. */
export function findCollisions(paths: Iterable<string>): Note[] {
  const first = new Map<string, string>()
  const notes: Note[] = []
  for (const path of paths) {
    const key = path.normalize('NFC').toLowerCase().normalize('NFC')
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, path)
    else if (earlier !== path) notes.push({ path, message: describe(earlier, path) })
  }
  return notes
}

function describe(earlier: string, path: string): string {
  const how =
    earlier.normalize('NFC') === path.normalize('NFC')
      ? 'in how an accent is written'
      : 'in upper and lower case'
  return `${path} and ${earlier} differ only ${how}: here they are two, on macOS and Windows they would be one.`
}
