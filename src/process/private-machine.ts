/**
 * A machine of one's own with one process: what the kernel prepares, without a kernel and shared with nobody. A runtime's
 * hidden first run happens in one, and so do the tests of this room.
 *
 * Invariant: nothing in it ever waits: its standard streams are files, and nobody else is there to wake anybody.
 */
import { createHeap } from '../memory/heap.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createObjects } from '../objects/objects.ts'
import { createOpenFile } from '../objects/open-file.ts'
import { ACCESS, STREAM } from '../objects/types.ts'
import { formatVfs } from '../vfs/format.ts'
import { OPEN } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { settleRights } from './files.ts'
import { attachMachine, type Machine } from './machine.ts'
import { createProcess, type Process } from './process.ts'

/** 128 MiB at most. */
const MAXIMUM_PAGES = 2048
const encoder = new TextEncoder()

export interface PrivatePreopen {
  name: string
  path: string
  readonly?: boolean
}

export interface PrivateMachine extends Machine {
  process: Process
  pid: number
  mkdir(path: string): void
  write(path: string, bytes: Uint8Array | string): void
  symlink(target: string, path: string): void
  read(path: string): Uint8Array
  /** What was written to stdout (1) or stderr (2). */
  output(fd: 1 | 2): string
}

export interface PrivateOptions {
  args?: string[]
  env?: Record<string, string>
  stdin?: Uint8Array | string
  /** Made where they are missing; default "/" → "/work". */
  preopens?: PrivatePreopen[]
  prepare?: (machine: Pick<PrivateMachine, 'mkdir' | 'write' | 'symlink'>) => void
}

export const createPrivateMachine = (options: PrivateOptions = {}): PrivateMachine => {
  const kernel = createMemory(MAXIMUM_PAGES)
  formatVfs(kernel)
  const vfs = attachVfs(kernel)
  const slot = takeProcess(kernel, 0)
  const pid = getWord(kernel, processAt(slot) + PROCESS.PID)
  const thread = takeThread(kernel, pid)
  setWord(kernel, processAt(slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
  const objects = createObjects(kernel, createHeap(kernel), vfs, -1)
  const descriptors = createDescriptors(objects, slot)

  const need = (result: number, what: string): number => {
    if (result < 0) throw new Error(`${what}: errno ${-result}`)
    return result
  }
  const bytesOf = (text: string | Uint8Array): Uint8Array =>
    typeof text === 'string' ? encoder.encode(text) : text
  const open = (path: string, how: number): number => {
    const name = encoder.encode(path)
    return need(vfs.open(vfs.root, name, 0, name.length, 1, how, 0o644), path)
  }
  const mkdir = (path: string): void => {
    const parts = path.split('/').filter(Boolean)
    for (let count = 1; count <= parts.length; count++) {
      const name = encoder.encode(`/${parts.slice(0, count).join('/')}`)
      vfs.mkdir(vfs.root, name, 0, name.length, 1, 0o755)
    }
  }
  const write = (path: string, content: Uint8Array | string): void => {
    const bytes = bytesOf(content)
    const inode = open(path, OPEN.CREATE | OPEN.TRUNCATE | OPEN.WRITE)
    need(vfs.write(inode, 0, bytes, 0, bytes.length), path)
    vfs.unpin(inode)
  }
  const read = (path: string): Uint8Array => {
    const inode = open(path, 0)
    const bytes = new Uint8Array(vfs.size(inode))
    need(vfs.read(inode, 0, bytes, 0, bytes.length), path)
    vfs.unpin(inode)
    return bytes
  }
  const symlink = (target: string, path: string): void => {
    const [text, name] = [encoder.encode(target), encoder.encode(path)]
    const whole = (bytes: Uint8Array) => ({ bytes, start: 0, length: bytes.length })
    need(vfs.symlink(whole(text), vfs.root, whole(name), 0), path)
  }

  mkdir('/run')
  write('/run/0', options.stdin ?? '')
  for (const fd of [0, 1, 2]) {
    const object = open(`/run/${fd}`, OPEN.CREATE | OPEN.WRITE)
    const access = fd === 0 ? ACCESS.READ : ACCESS.WRITE
    descriptors.install(createOpenFile(objects, { stream: STREAM.FILE, object, access, status: 0 }))
  }
  for (const preopen of options.preopens ?? [{ name: '/', path: '/work' }]) {
    mkdir(preopen.path)
    const object = open(preopen.path, OPEN.DIRECTORY)
    const file = createOpenFile(objects, { stream: STREAM.DIRECTORY, object, access: ACCESS.READ, status: 0 })
    const fd = descriptors.install(file, { from: 3 })
    descriptors.setPreopen(fd, encoder.encode(preopen.name), preopen.readonly ?? false)
  }
  options.prepare?.({ mkdir, write, symlink })

  const machine = attachMachine(kernel.shared, thread, pid)
  const process = createProcess({
    ...machine,
    pid,
    args: options.args ?? ['test'],
    env: options.env ?? {},
  })
  settleRights(process)
  return {
    ...machine,
    process,
    pid,
    mkdir,
    write,
    symlink,
    read,
    output: (fd) => new TextDecoder().decode(read(`/run/${fd}`)),
  }
}
