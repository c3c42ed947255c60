/** In step with a folder: how long an edit on one side takes to the other. A folder of the origin's private filesystem is the disk. */
import type { Page } from 'playwright-core'
import { atMost, duration, median, medianRatio, type Row } from './report.ts'

/** A folder of that many files besides. */
const FILES = 500

export interface SyncSample {
  /** From where an outside save ends to the line of a running process that has seen it, milliseconds. */
  toProcess: number
  /** From a write in the machine until the disk has it. */
  toDisk: number
  /** From there until a loop that looks at every file of the folder has found it and read the file. */
  folderPoll: number
  /** The same for a loop that knows which file it is. */
  filePoll: number
}

export const syncRows = async (page: Page, rounds: number): Promise<Row[]> => {
  const samples = await syncSamples(page, rounds, FILES)
  const of = (key: keyof SyncSample): number[] => samples.map((sample) => sample[key])
  const detail = (key: keyof SyncSample): string =>
    `${duration(Math.min(...of(key)) * 1e6)} at best, ${FILES} files`
  const ms = (key: keyof SyncSample): string => duration(median(of(key)) * 1e6)
  return [
    {
      what: 'an outside edit to a running process',
      detail: detail('toProcess'),
      value: median(of('toProcess')),
      unit: 'ms',
      target: atMost(500),
    },
    {
      what: 'the same, of a plain poll of the folder without a pause',
      detail: `${ms('toProcess')} to ${ms('folderPoll')}; a poll that knows the file takes ${ms('filePoll')}`,
      value: medianRatio(of('toProcess'), of('folderPoll')),
      unit: '×',
    },
    {
      what: 'a write in the machine to the disk',
      detail: detail('toDisk'),
      value: median(of('toDisk')),
      unit: 'ms',
    },
  ]
}

const PROGRAM =
  'import time\nlast = ""\nwhile True:\n  text = open("edit.txt").read()\n  if text != last:\n    print(text, flush=True)\n    last = text\n  time.sleep(0.001)\n'

/** @param files that lie in the folder besides */
const syncSamples = (page: Page, edits: number, files: number): Promise<SyncSample[]> =>
  page.evaluate(
    async ({ edits, files, program }) => {
      const { disk, fs, spawn } = window.wasmrun
      const root = await navigator.storage.getDirectory()
      await root.removeEntry('bench-sync', { recursive: true }).catch(() => {})
      const folder = await root.getDirectoryHandle('bench-sync', { create: true })
      /** When the save was about to be ended: others may see it before the writer hears that it is. */
      const write = async (name: string, text: string): Promise<number> => {
        const writer = await (await folder.getFileHandle(name, { create: true })).createWritable()
        await writer.write(text)
        const closed = performance.now()
        await writer.close()
        return closed
      }
      const pause = (milliseconds: number): Promise<void> =>
        new Promise((resolve) => setTimeout(resolve, milliseconds))
      for (let index = 0; index < files; index++) await fs.writeFile(`/home/project/f${index}`, `${index}`)
      await fs.writeFile('/home/project/watch.py', program)
      await write('edit.txt', 'start')
      await disk.connect(folder)
      for (let calm = 0; calm < 20; calm = disk.status.state === 'in-step' ? calm + 1 : 0) await pause(50)
      const child = await spawn('python3', ['watch.py'])
      let heard = ''
      const reading = child.stdout.pipeTo(
        new WritableStream({
          write: (bytes) => {
            heard += new TextDecoder().decode(bytes)
          },
        }),
      )
      const until = async (what: () => boolean | Promise<boolean>): Promise<number> => {
        const end = performance.now() + 20_000
        while (!(await what())) {
          if (performance.now() > end) throw new Error(`not seen: ${JSON.stringify(disk.status)}`)
          await pause(0)
        }
        return performance.now()
      }
      await until(() => heard.includes('start'))
      /** What a page without anything else would do: the time and size of every file, again and again. */
      const look = async (): Promise<{ name: string; facts: string }[]> => {
        const all = []
        for await (const handle of folder.values()) {
          if (handle.kind !== 'file') continue
          const { name, lastModified, size } = await handle.getFile()
          all.push({ name, facts: `${lastModified} ${size}` })
        }
        return all
      }
      const folderPoll = async (text: string): Promise<number> => {
        const known = new Map((await look()).map(({ name, facts }) => [name, facts]))
        const saved = write('edit.txt', text)
        for (;;) {
          for (const { name, facts } of await look()) {
            if (known.get(name) === facts) continue
            const found = await (await (await folder.getFileHandle(name)).getFile()).text()
            if (found === text) return performance.now() - (await saved)
            known.set(name, facts)
          }
        }
      }
      const filePoll = async (text: string): Promise<number> => {
        const handle = await folder.getFileHandle('edit.txt')
        const saved = write('edit.txt', text)
        const read = async (): Promise<string> => (await handle.getFile()).text()
        // a file that changes while it is read refuses
        while ((await read().catch(() => '')) !== text);
        return performance.now() - (await saved)
      }
      const samples = []
      for (let edit = 0; edit < edits; edit++) {
        await pause(150)
        const saved = await write('edit.txt', `edit ${edit};`)
        const toProcess = (await until(() => heard.includes(`edit ${edit};`))) - saved
        await pause(150)
        await fs.writeFile('/home/project/out.txt', `${edit}`)
        const written = performance.now()
        const isThere = async (): Promise<boolean> => {
          const file = await folder.getFileHandle('out.txt').then(
            (handle) => handle.getFile(),
            () => null,
          )
          return (await file?.text().catch(() => '')) === `${edit}`
        }
        const toDisk = (await until(isThere)) - written
        await pause(150)
        const byFolder = await folderPoll(`folder ${edit};`)
        await pause(150)
        samples.push({ toProcess, toDisk, folderPoll: byFolder, filePoll: await filePoll(`file ${edit};`) })
      }
      await child.kill('SIGKILL')
      await reading.catch(() => {})
      await disk.disconnect()
      return samples
    },
    { edits, files, program: PROGRAM },
  )
