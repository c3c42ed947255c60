/**
 * A request for a child, out of the guest's memory: wr_spawn_t of sdk/c/wasmrun.h, all words of 32 bits.
 *
 *   0 argv │ 4 envp (0: the caller's) │ 8 cwd (0: the caller's) │ 12 command (0: argv[0]) │ 16 map │ 20 its length │ 24 flags │ 28 group
 *   map: { descriptor, the child's, rights } …
 *
 * Invariant: nothing is believed: arrays and texts end within the memory and within limits, or it is an errno. The kernel checks the
 * request again, for it does not know who has made it.
 */
import type { ChildRequest } from '../../abi/control.ts'
import { ERRNO } from '../../abi/errno.ts'
import { ALL_RIGHTS_OF_CAPABILITY } from '../../objects/capability.ts'
import { streamKind } from '../../objects/open-file.ts'
import { STREAM } from '../../objects/types.ts'
import type { Process } from '../process.ts'
import type { Directory } from './directory.ts'
import type { Sight } from './sight.ts'

export const SPAWN_BYTES = 32
const MAP_BYTES = 12
const FLAG = { GROUP: 1, FOREGROUND: 2, SESSION: 4 } as const
const FLAGS_ALL = 7
/** Bytes of all arguments and variables (as the kernel has it), elements of a list, and bytes of one text. */
const TEXT_MAX = 1_048_576
const ELEMENTS_MAX = 4096

type Request = ChildRequest | number

/** The request, or -EFAULT, -E2BIG, -EINVAL, -ENOENT (directory, command), -ENOTDIR … */
export const spawnRequestAt = (sight: Sight, at: number, process: Process, directory: Directory): Request => {
  const [argvAt = 0, envAt = 0, cwdAt = 0, commandAt = 0, mapAt = 0, mapCount = 0, flags = 0, group = 0] =
    Array.from({ length: SPAWN_BYTES / 4 }, (_, index) => sight.word(at + index * 4))
  const reader = createReader(sight)
  const argv = reader.list(argvAt)
  if (typeof argv === 'number') return argv
  const variables = envAt === 0 ? null : reader.list(envAt)
  if (typeof variables === 'number') return variables
  const env = variables ? environmentOf(variables) : { ...process.env }
  if (typeof env === 'number') return env
  const map = mapOf(sight, process, mapAt, mapCount)
  if (typeof map === 'number') return map
  if (flags & ~FLAGS_ALL) return -ERRNO.INVAL
  const named = commandAt === 0 ? argv[0] : reader.text(commandAt)
  if (named === undefined || typeof named === 'number') return named ?? -ERRNO.INVAL
  const command = named.includes('/') ? directory.inMachine(named) : named
  if (typeof command === 'number') return command
  const cwd = cwdAt === 0 ? (directory.own() ?? -ERRNO.NOENT) : within(reader.text(cwdAt), directory)
  if (typeof cwd === 'number') return cwd
  return {
    command,
    args: argv.slice(1),
    argv0: argv[0] ?? named,
    cwd,
    env,
    ...map,
    ...(flags & FLAG.GROUP ? { group: group & 0x7fffffff } : {}),
    ...(flags & FLAG.FOREGROUND ? { foreground: true } : {}),
    ...(flags & FLAG.SESSION ? { session: true } : {}),
  }
}

const within = (path: string | number, directory: Directory): string | number =>
  typeof path === 'number' ? path : directory.inMachine(path)

/** Texts with one budget for all. */
const createReader = (sight: Sight) => {
  let left = TEXT_MAX
  const text = (at: number): string | number => {
    const found = sight.text(at, left)
    if (found === undefined) return sight.has(at, left + 1) ? -ERRNO['2BIG'] : -ERRNO.FAULT
    left -= found.length
    return found
  }
  /** An array of pointers that ends with a null pointer. */
  const list = (at: number): string[] | number => {
    const texts: string[] = []
    for (let index = 0; ; index++) {
      if (!sight.has(at + index * 4, 4)) return -ERRNO.FAULT
      const pointer = sight.word(at + index * 4)
      if (pointer === 0) return texts
      if (index >= ELEMENTS_MAX) return -ERRNO['2BIG']
      const found = text(pointer)
      if (typeof found === 'number') return found
      texts.push(found)
    }
  }
  return { text, list }
}

const environmentOf = (variables: readonly string[]): Record<string, string> | number => {
  const env: Record<string, string> = Object.create(null)
  for (const variable of variables) {
    const end = variable.indexOf('=')
    if (end <= 0) return -ERRNO.INVAL
    env[variable.slice(0, end)] = variable.slice(end + 1)
  }
  return env
}

/** Capabilities go apart from other descriptors: with them go rights. */
const mapOf = (
  sight: Sight,
  { descriptors, objects }: Process,
  at: number,
  count: number,
): Pick<ChildRequest, 'descriptors' | 'grants'> | number => {
  if (count > ELEMENTS_MAX) return -ERRNO['2BIG']
  if (!sight.has(at, count * MAP_BYTES)) return -ERRNO.FAULT
  const map = { descriptors: [] as [number, number][], grants: [] as [number, number, number][] }
  for (let index = 0; index < count; index++) {
    const [from = 0, to = 0, rights = 0] = [0, 4, 8].map((offset) =>
      sight.word(at + index * MAP_BYTES + offset),
    )
    const file = descriptors.get(from | 0)
    if (file < 0) return file
    if (to > DESCRIPTOR_MAX) return -ERRNO.BADF
    const handed = rights & ALL_RIGHTS_OF_CAPABILITY
    if (streamKind(objects, file) !== STREAM.CAPABILITY) map.descriptors.push([from, to])
    else if (handed === 0) return -ERRNO.INVAL
    else map.grants.push([from, to, handed])
  }
  return map
}

/** As the kernel has it. */
const DESCRIPTOR_MAX = 65_535
