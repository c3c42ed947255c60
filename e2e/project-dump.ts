/** Runs in the page: every path below the home directory with kind, mode, time, size, links and content, as lines. */
export const dumpProject = async (): Promise<string[]> => {
  const { fs } = window.wasmrun
  const lines: string[] = []
  const hex = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
      .map((byte) => byte.toString(16))
      .join('')
  const walk = async (path: string): Promise<void> => {
    for (const { name, kind } of (await fs.readdir(path)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = `${path}/${name}`
      const { mode, modified, size, links } = await fs.lstat(child)
      const facts = `${child} ${kind} ${mode.toString(8)} ${modified} ${size} ${links}`
      if (kind === 'directory') lines.push(facts)
      else if (kind === 'symlink') lines.push(`${facts} ${await fs.readlink(child)}`)
      else lines.push(`${facts} ${await hex(new Uint8Array(await fs.readFile(child)))}`)
      if (kind === 'directory') await walk(child)
    }
  }
  await walk('/home/project')
  return lines
}
