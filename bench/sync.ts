/** In step with a folder: how long an edit on one side takes to the other. A folder of the origin's private filesystem is the disk. */
import type { Page } from 'playwright-core'

export interface SyncSample {
  /** From the end of an outside save to the line of a running process that has seen it, milliseconds. */
  toProcess: number
  /** From a write in the machine until the disk has it. */
  toDisk: number
}

const PROGRAM =
  'import time\nlast = ""\nwhile True:\n  text = open("edit.txt").read()\n  if text != last:\n    print(text, flush=True)\n    last = text\n  time.sleep(0.001)\n'

/** @param files that lie in the folder besides */
export const syncSamples = (page: Page, edits: number, files: number): Promise<SyncSample[]> =>
  page.evaluate(
    async ({ edits, files, program }) => {
      const { disk, fs, spawn } = window.wasmrun
      const root = await navigator.storage.getDirectory()
      await root.removeEntry('bench-sync', { recursive: true }).catch(() => {})
      const folder = await root.getDirectoryHandle('bench-sync', { create: true })
      const write = async (name: string, text: string): Promise<void> => {
        const writer = await (await folder.getFileHandle(name, { create: true })).createWritable()
        await writer.write(text)
        await writer.close()
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
      const samples = []
      for (let edit = 0; edit < edits; edit++) {
        await pause(150)
        await write('edit.txt', `edit ${edit};`)
        const saved = performance.now()
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
        samples.push({ toProcess, toDisk: (await until(isThere)) - written })
      }
      await child.kill('SIGKILL')
      await reading.catch(() => {})
      await disk.disconnect()
      return samples
    },
    { edits, files, program: PROGRAM },
  )
