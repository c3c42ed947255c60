/** For tests: a machine of one's own (hidden-machine.ts) with files in it, and what was written to them. */
import { OPEN } from '../vfs/types.ts'
import { createHiddenMachine, type Furnishing, type HiddenMachine } from './hidden-machine.ts'

const encoder = new TextEncoder()

export interface PrivatePreopen {
  name: string
  path: string
  readonly?: boolean
}

export interface PrivateMachine extends HiddenMachine {
  mkdir(path: string): void
  write(path: string, bytes: Uint8Array | string): void
  symlink(target: string, path: string): void
  read(path: string): Uint8Array
  /** What was written to stdout (1) or stderr (2). */
  output(fd: 1 | 2): string
}

type Hands = Pick<PrivateMachine, 'mkdir' | 'write' | 'symlink' | 'read'>

export interface PrivateOptions {
  args?: string[]
  env?: Record<string, string>
  stdin?: Uint8Array | string
  /** Made where they are missing; default "/" → "/work". */
  preopens?: PrivatePreopen[]
  prepare?: (machine: Pick<PrivateMachine, 'mkdir' | 'write' | 'symlink'>) => void
}

export const createPrivateMachine = (options: PrivateOptions = {}): PrivateMachine => {
  const { args = ['test'], env = {} } = options
  let hands: Hands | undefined
  const machine = createHiddenMachine({ args, env }, (furnishing) => {
    hands = handsOf(furnishing)
    hands.write('/run/0', options.stdin ?? '')
    for (const { name, path, readonly = false } of options.preopens ?? [{ name: '/', path: '/work' }]) {
      furnishing.mkdir(path)
      furnishing.preopen(name, path, readonly)
    }
    options.prepare?.(hands)
  })
  if (!hands) throw new Error('the machine was not furnished')
  const { read } = hands
  return { ...machine, ...hands, output: (fd) => new TextDecoder().decode(read(`/run/${fd}`)) }
}

const handsOf = ({ vfs, open, mkdir }: Furnishing): Hands => {
  const need = (result: number, what: string): void => {
    if (result < 0) throw new Error(`${what}: errno ${-result}`)
  }
  return {
    mkdir,
    write: (path, content) => {
      const bytes = typeof content === 'string' ? encoder.encode(content) : content
      const inode = open(path, OPEN.CREATE | OPEN.TRUNCATE | OPEN.WRITE)
      need(vfs.write(inode, 0, bytes, 0, bytes.length), path)
      vfs.unpin(inode)
    },
    read: (path) => {
      const inode = open(path, 0)
      const bytes = new Uint8Array(vfs.size(inode))
      need(vfs.read(inode, 0, bytes, 0, bytes.length), path)
      vfs.unpin(inode)
      return bytes
    },
    symlink: (target, path) => {
      const [text, name] = [encoder.encode(target), encoder.encode(path)]
      const whole = (bytes: Uint8Array) => ({ bytes, start: 0, length: bytes.length })
      need(vfs.symlink(whole(text), vfs.root, whole(name), 0), path)
    },
  }
}
