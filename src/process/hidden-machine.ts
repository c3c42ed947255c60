/**
 * A machine of one's own with one process: what the kernel prepares, without a kernel and shared with nobody. A runtime's
 * hidden first run happens in one; the tests of this room put more into theirs (private-machine.ts).
 *
 * Invariant: nothing in it ever waits: its standard streams are files, and nobody else is there to wake anybody.
 */

import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createObjects } from '../objects/objects.ts'
import { createOpenFile } from '../objects/open-file.ts'
import { ACCESS, type Descriptors, STREAM } from '../objects/types.ts'
import { formatVfs } from '../vfs/format.ts'
import { OPEN, type SharedVfs } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { settleRights } from './files.ts'
import { attachMachine, type Machine } from './machine.ts'
import { createProcess, type Process } from './process.ts'

/** 128 MiB at most. */
const MAXIMUM_PAGES = 2048
const encoder = new TextEncoder()

export interface HiddenOptions {
  args: string[]
  env: Record<string, string>
}

/** What the kernel's side of it offers while it is furnished. */
export interface Furnishing {
  vfs: SharedVfs
  /** Inode, pinned. @throws Error when it is refused */
  open(path: string, how: number): number
  mkdir(path: string): void
  /** The next free descriptor, from 3 on, is that directory under that name. */
  preopen(name: string, path: string, readonly: boolean): void
}

export interface HiddenMachine extends Machine {
  process: Process
  pid: number
}

/** With "/work" as its only directory, unless `furnish` sees to others. */
export const createHiddenMachine = (
  { args, env }: HiddenOptions,
  furnish = ({ mkdir, preopen }: Furnishing): void => {
    mkdir('/work')
    preopen('/', '/work', false)
  },
): HiddenMachine => {
  const kernel = createMemory(MAXIMUM_PAGES)
  formatVfs(kernel)
  const vfs = attachVfs(kernel)
  const slot = takeProcess(kernel, 0)
  const pid = getWord(kernel, processAt(slot) + PROCESS.PID)
  const thread = takeThread(kernel, pid)
  setWord(kernel, processAt(slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
  const objects = createObjects(kernel, createHeap(kernel), vfs, -1)
  const descriptors: Descriptors = createDescriptors(objects, slot)
  const open = (path: string, how: number): number => {
    const name = encoder.encode(path)
    const inode = vfs.open(vfs.root, name, 0, name.length, 1, how, 0o644)
    if (inode < 0) throw new Error(`${path}: errno ${-inode}`)
    return inode
  }
  const mkdir = (path: string): void => {
    const parts = path.split('/').filter(Boolean)
    for (let count = 1; count <= parts.length; count++) {
      const name = encoder.encode(`/${parts.slice(0, count).join('/')}`)
      vfs.mkdir(vfs.root, name, 0, name.length, 1, 0o755)
    }
  }
  mkdir('/run')
  for (const fd of [0, 1, 2]) {
    const object = open(`/run/${fd}`, OPEN.CREATE | OPEN.WRITE)
    const access = fd === 0 ? ACCESS.READ : ACCESS.WRITE
    descriptors.install(createOpenFile(objects, { stream: STREAM.FILE, object, access, status: 0 }))
  }
  const preopen = (name: string, path: string, readonly: boolean): void => {
    const object = open(path, OPEN.DIRECTORY)
    const file = createOpenFile(objects, { stream: STREAM.DIRECTORY, object, access: ACCESS.READ, status: 0 })
    descriptors.setPreopen(descriptors.install(file, { from: 3 }), encoder.encode(name), readonly)
  }
  furnish({ vfs, open, mkdir, preopen })
  const machine = attachMachine(kernel.shared, thread, pid)
  const process = createProcess({ ...machine, pid, args, env })
  settleRights(process)
  return { ...machine, process, pid }
}
