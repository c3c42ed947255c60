/**
 * A project so big that it is open long before all of its bytes have come, and what is done with it in that time. Both functions run in
 * the page, so they hold on to nothing from here.
 */
export const LATE_FILES = 2500

/** Each file says its number, in 60,000 bytes. Gives the project's id. */
export const makeLateProject = async (count: number): Promise<string> => {
  const { mount, projects } = window.wasmrun
  const encoder = new TextEncoder()
  const folder: Record<string, Uint8Array<ArrayBuffer>> = {}
  for (let index = 0; index < count; index++)
    folder[`f${index}`] = encoder.encode(String(index).padStart(6, '0').repeat(10_000))
  await mount({
    'read.mjs': "import * as std from 'qjs:std'\nconsole.log(std.loadFile('data/f1900').length)\n",
    data: folder,
  })
  const { id } = await projects.create('Late', { files: 'current' })
  await projects.close()
  return id
}

export interface LateUse {
  id: string
  /** The program of the tests. */
  probe: number[]
  count: number
}

export interface LateFindings {
  losses: number
  absent: number
  /** By what was done: whether it came out as it must. */
  right: Record<string, boolean>
  absentAfter: number
  problems: string[]
}

/** Opens it, and does to files that are still to come all that programs and the page can. */
export const useLateProject = async ({ id, probe, count }: LateUse): Promise<LateFindings> => {
  const { projects, fs, spawn, audit, check } = window.wasmrun
  await fs.mkdir('/home/tools', { recursive: true })
  await fs.writeFile('/home/tools/probe.wasm', new Uint8Array(probe), { mode: 0o755 })
  const { losses } = await projects.open(id)
  const { absent } = await audit()
  const path = (index: number): string => `/home/project/data/f${index}`
  const words = (index: number): string => String(index).padStart(6, '0').repeat(10_000)
  const run = async (command: string, ...args: string[]): Promise<string> => {
    const child = await spawn(command, args, { cwd: '/home/project' })
    const text = await new Response(child.stdout as unknown as ReadableStream<Uint8Array<ArrayBuffer>>).text()
    const { code } = await child.exit
    return code === 0 ? text : `exit code ${code}: ${text}`
  }
  const tool = '/home/tools/probe.wasm'
  // Each of another body, so that nobody waits for another's.
  const last = count - 1
  const [read, , , script, page] = await Promise.all([
    run(tool, 'read-file', path(last)),
    run(tool, 'append', path(last - 150), 'more'),
    run(tool, 'truncate', path(last - 300), '6'),
    run('qjs', 'read.mjs'),
    fs.readFile(path(last - 450), 'utf8'),
  ])
  await fs.rm(path(last - 600))
  await fs.rename(path(last - 750), path(last - 900))
  // Nothing is kept before all has come.
  await projects.save()
  const after = await audit()
  const right: Record<string, boolean> = {
    'read by a program': read === words(last),
    'appended to': (await fs.readFile(path(last - 150), 'utf8')) === `${words(last - 150)}more\n`,
    'cut by a program': (await fs.readFile(path(last - 300), 'utf8')) === words(last - 300).slice(0, 6),
    'read by a script': script === '60000\n',
    'read by the page': page === words(last - 450),
    removed: !(await fs.readdir('/home/project/data')).some(({ name }) => name === `f${last - 600}`),
    'moved over another': (await fs.readFile(path(last - 900), 'utf8')) === words(last - 750),
  }
  for (const index of [0, 1, 700, 1500])
    right[`f${index}`] = (await fs.readFile(path(index), 'utf8')) === words(index)
  return { losses: losses.length, absent, right, absentAfter: after.absent, problems: await check() }
}
