/**
 * The page beside a program that means harm: how long its longest task was, and how late a key was heard, while the program did its
 * worst within its limits. The same with nothing running comes first, in the same page.
 */
import { boot, openSite, type Site } from '../e2e/browser.ts'
import { readProgram } from '../e2e/fixtures/programs.ts'
import { tracedTasks } from './console.ts'

const MEASURED_MS = 4000
const KEY_EVERY_MS = 100

export interface HostileCost {
  what: string
  /** Milliseconds of the page's longest task, by the clock and at work. */
  longestTask: number
  longestWork: number
  /** Milliseconds from a key to its handler, and to the frame after it; the worst. */
  heard: number
  drawn: number
}

interface Program {
  what: string
  command: string
  args: string[]
  limits?: { processes?: number; memory?: number }
}

const SCRIPTS: Record<string, string> = {
  'bomb.js': `import * as os from 'qjs:os'
    for (;;) { try { os.exec(['qjs', 'bomb.js'], { block: false }) } catch { os.sleep(100) } }`,
  'hog.js': `for (;;) {
      try { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(7)) } catch {}
    }`,
  'descriptors.js': `import * as os from 'qjs:os'
    for (;;) {
      const all = []
      try {
        for (let fd = 0; fd >= 0; all.push(fd)) fd = os.open('descriptors.js', os.O_RDONLY)
      } catch {}
      for (const fd of all) if (fd >= 0) os.close(fd)
    }`,
  'small.js': `import * as os from 'qjs:os'
    import * as std from 'qjs:std'
    try { os.mkdir('/tmp/small') } catch {}
    for (let count = 0; ; count++) {
      try {
        const file = std.open('/tmp/small/' + count, 'w')
        file.puts('x')
        file.close()
      } catch { os.sleep(50) }
    }`,
}

const PROGRAMS: Program[] = [
  { what: 'nothing', command: '', args: [] },
  { what: 'an endless loop', command: 'probe', args: ['spin'] },
  { what: 'endless output', command: 'probe', args: ['print-forever'] },
  { what: 'a fork bomb (32 processes)', command: 'qjs', args: ['bomb.js'], limits: { processes: 32 } },
  { what: 'a memory hog (512 MB)', command: 'qjs', args: ['hog.js'], limits: { memory: 512 * 2 ** 20 } },
  { what: 'a descriptor hog', command: 'qjs', args: ['descriptors.js'] },
  { what: 'small files without end', command: 'qjs', args: ['small.js'] },
]

export const hostileCosts = async (
  rounds: number,
  note: (text: string) => void,
): Promise<HostileCost[][]> => {
  const site = await openSite()
  try {
    await boot(site)
    await site.page.getByRole('button', { name: /The reading room/ }).click()
    await site.page.getByTestId('run').waitFor()
    await prepare(site)
    const all: HostileCost[][] = []
    for (let round = 0; round < rounds; round++) {
      const costs: HostileCost[] = []
      for (const program of PROGRAMS) {
        note(`the page beside ${program.what}`)
        costs.push(await beside(site, program))
      }
      all.push(costs)
    }
    return all
  } finally {
    await site.close()
  }
}

const prepare = async ({ page }: Site): Promise<void> => {
  await page.evaluate(
    async ({ probe, scripts }) => {
      const { fs, spawn } = window.wasmrun
      await fs.writeFile('/usr/bin/probe', new Uint8Array(probe))
      for (const [name, code] of Object.entries(scripts)) await fs.writeFile(`/tmp/${name}`, code)
      await (await spawn('qjs', ['-e', '0'])).exit
      const late = { heard: 0, drawn: 0 }
      Object.assign(window, { late })
      addEventListener('keydown', ({ timeStamp }) => {
        late.heard = Math.max(late.heard, performance.now() - timeStamp)
        requestAnimationFrame(() => {
          late.drawn = Math.max(late.drawn, performance.now() - timeStamp)
        })
      })
    },
    { probe: [...readProgram('probe')], scripts: SCRIPTS },
  )
}

const beside = async (site: Site, { what, command, args, limits }: Program): Promise<HostileCost> => {
  const { page } = site
  await page.evaluate(
    async ({ command, args, limits }) => {
      const late = (window as unknown as { late: { heard: number; drawn: number } }).late
      late.heard = 0
      late.drawn = 0
      if (command === '') return
      const child = await window.wasmrun.spawn(command, args, { cwd: '/tmp', limits: limits ?? {} })
      void child.output.pipeTo(new WritableStream()).catch(() => {})
    },
    { command, args, limits },
  )
  const tasks = await tracedTasks(site, async () => {
    for (const end = Date.now() + MEASURED_MS; Date.now() < end; ) {
      await page.keyboard.press('a')
      await page.waitForTimeout(KEY_EVERY_MS)
    }
  })
  const late = await page.evaluate(async (command) => {
    const { processes, fs } = window.wasmrun
    if (command !== '' && (await processes.list()).length === 0)
      throw new Error(`${command} has ended by itself`)
    // A fork bomb goes on while it is killed.
    for (let list = await processes.list(); list.length > 0; list = await processes.list())
      await Promise.all(list.map(({ pid }) => processes.kill(pid, 'SIGKILL').catch(() => {})))
    await fs.rm('/tmp/small', { recursive: true, force: true })
    return { ...(window as unknown as { late: { heard: number; drawn: number } }).late }
  }, command)
  return {
    what,
    longestTask: Math.max(...tasks.map(({ time }) => time)),
    longestWork: Math.max(...tasks.map(({ work }) => work)),
    ...late,
  }
}
