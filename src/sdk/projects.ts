/**
 * `wasmrun.projects`: the projects that are kept in this browser, one of them open in this page.
 *
 * Invariant: a machine in which programs have run, or that holds another project's files, is never given a project: it is
 * closed, and a new one opened. So what ran for one project can reach no other.
 */
import type { KernelApi } from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import type { ProjectInfo, ProjectLoss, ProjectNotice, ProjectsForPage, SaveState } from '../abi/project.ts'
import type { Remote } from '../ipc/rpc.ts'
import type { DiskPart } from './disk.ts'
import type { TrustPart } from './trust.ts'
import type { OpenOptions, ProjectEvent, Projects } from './types.ts'

/** A tab that has gone has let go of its project by then. */
const LINGER_MS = 1000

const SAVED: SaveState = { state: 'saved', message: '' }

export interface ProjectsOptions {
  kernel: () => Promise<Remote<KernelApi>>
  host: () => Promise<Remote<ProjectsForPage>>
  /** Closes the machine with all processes and opens an empty one. */
  restart: () => Promise<void>
  /** Whether a program has run in the machine since it was opened. */
  hasRun: () => boolean
  disk: Pick<DiskPart, 'resume' | 'pause' | 'remember'>
  trust: Pick<TrustPart, 'isSealed' | 'put'>
  emit: (event: ProjectEvent) => void
}

export interface ProjectsPart {
  api: Projects
  /** From the host. */
  noticed(what: ProjectNotice['what']): void
  /** From the kernel. */
  saved(state: SaveState): void
  /** What is open is sealed, or trusted, from now on. */
  sealed(isSealed: boolean): Promise<void>
}

export const createProjects = (options: ProjectsOptions): ProjectsPart => {
  const { kernel, host, restart, hasRun, disk, trust, emit } = options
  let current: ProjectInfo | null = null
  let losses: ProjectLoss[] = []
  let state = SAVED
  /** One change of project at a time. */
  let turn: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }
  const save = async (): Promise<void> => {
    if (current) await (await kernel()).flushProject()
  }
  /** Leaves the open project in good order. A folder is let go of first: what happens to the files now is no wish of the user's. */
  const leave = async (discard: boolean): Promise<void> => {
    await disk.pause().catch(() => {})
    if (!current) return
    try {
      await save()
    } catch (error) {
      if (!discard) throw error
    }
    await (await kernel()).stopSaving(false)
    await (await host()).closeProject()
    current = null
  }
  const find = async (id: string): Promise<ProjectInfo> => {
    const found = (await (await host()).listProjects()).find((project) => project.id === id)
    if (!found) throw new SysError(ERRNO.NOENT, id, 'there is no such project')
    return found
  }
  /** A page that was just reloaded may still be seen as another tab for a moment. */
  const patiently = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (const end = performance.now() + LINGER_MS; ; ) {
      try {
        return await attempt()
      } catch (error) {
        if (!isCode(error, 'EBUSY') || performance.now() > end) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, LINGER_MS / 10))
    }
  }
  const findFree = async (id: string, takeOver: boolean): Promise<ProjectInfo> => {
    const project = await find(id)
    if (takeOver || project.state !== 'elsewhere') return project
    throw new SysError(ERRNO.BUSY, project.name, 'the project is open in another tab')
  }
  const restore = async (id: string, takeOver: boolean): ReturnType<Projects['open']> => {
    const project = await patiently(() => host().then((each) => each.openProject(id, takeOver)))
    await trust.put(project.sealed)
    // What the project before ended with is nothing that this one has.
    state = SAVED
    const opened = await (await kernel()).restoreProject()
    current = project
    losses = opened.losses
    emit({ what: 'opened', project })
    void settle(id)
    return { project, ...opened }
  }
  /** The folder of the disk is taken up when all content is there: what turns out to be lost must not go for newer than the disk's. */
  const settle = async (id: string): Promise<void> => {
    try {
      const late = await (await kernel()).projectArrived()
      await inTurn(async () => {
        if (current?.id !== id) return
        if (late.length > 0) {
          losses = [...losses, ...late]
          emit({ what: 'lost', project: current, losses: late })
        }
        await disk.resume(losses.length === 0)
        // Another tab may have taken it meanwhile, and asks for no turn.
        if (current?.id !== id) await disk.pause()
      })
    } catch {
      // The machine is gone, or full; then the next save says so.
    }
  }
  const open = async (
    id: string,
    { takeOver = false, discard = false }: OpenOptions,
  ): ReturnType<Projects['open']> => {
    const isUsed = current !== null || hasRun()
    if (isUsed) {
      // What is open is left only for one that can be had.
      const project = await patiently(() => findFree(id, takeOver))
      if (current?.id === id) return { project, entries: project.entries, losses }
    }
    await leave(discard)
    if (isUsed) await restart()
    try {
      return await restore(id, takeOver)
    } catch (error) {
      await (await host()).closeProject()
      if (isUsed || !isCode(error, 'EBUSY') || (await find(id)).state === 'elsewhere') throw error
      // Files without a project lie in the home directory.
      await restart()
      return restore(id, takeOver)
    }
  }
  const keep = async (name: string, isSealed: boolean): Promise<ProjectInfo> => {
    // Files without a project take their folder along.
    if (current) await leave(false)
    const api = await host()
    await trust.put(isSealed)
    const { id } = await api.createProject(name, isSealed)
    current = await api.openProject(id, false)
    state = SAVED
    await (await kernel()).keepProject()
    await disk.remember().catch(() => {})
    emit({ what: 'opened', project: current })
    return current
  }
  const lose = async (): Promise<void> => {
    const project = current
    if (!project) return
    current = null
    await disk.pause().catch(() => {})
    await (await kernel()).stopSaving(true)
    await (await host()).closeProject()
    emit({ what: 'taken', project })
  }

  const api: Projects = {
    get current() {
      return current
    },
    get saving() {
      return state
    },
    list: async () => (await host()).listProjects(),
    create: (name, { files = 'none', sealed, ...rest } = {}) =>
      inTurn(async () => {
        if (files === 'current') return keep(name, sealed ?? trust.isSealed())
        const { id } = await (await host()).createProject(name, sealed ?? false)
        return (await open(id, rest)).project
      }),
    open: (id, how = {}) => inTurn(() => open(id, how)),
    close: ({ discard = false } = {}) =>
      inTurn(async () => {
        await leave(discard)
        await restart()
        await trust.put(false)
        emit({ what: 'closed', project: null })
      }),
    save,
    rename: async (id, name) => {
      await (await host()).renameProject(id, name)
      if (current?.id === id) current = { ...current, name: name.trim() }
    },
    duplicate: async (id, name) => {
      if (current?.id === id) await save()
      return (await host()).duplicateProject(id, name ?? `${(await find(id)).name} copy`)
    },
    delete: (id) =>
      inTurn(async () => {
        if (current?.id === id) {
          // The host must have let go before it forgets the folder, or it would remember it again.
          await disk.pause().catch(() => {})
          await (await kernel()).stopSaving(false)
          current = null
        }
        await (await host()).deleteProject(id)
      }),
    export: async (id) => {
      if (current?.id === id) await save()
      const { name } = await find(id)
      const { zip, losses } = await (await host()).exportProject(id)
      const file = `${name.replace(/[\\/:*?"<>|]/g, '-')}.zip`
      return { name: file, zip: new Blob([zip], { type: 'application/zip' }), losses }
    },
  }
  return {
    api,
    noticed: (what) => {
      if (what === 'changed') emit({ what, project: current })
      if (what === 'gone' && current) emit({ what: 'cleared', project: current })
      if (what === 'taken') void lose()
      // Whoever asks waits a moment: what is not saved yet goes first.
      if (what === 'asked')
        void save()
          .catch(() => {})
          .then(lose)
      if (what === 'cleared' && current) void kernel().then((each) => each.saveAgain().catch(() => {}))
    },
    saved: (next) => {
      state = next
    },
    sealed: async (isSealed) => {
      if (!current) return
      await (await host()).sealProject(current.id, isSealed)
      current = { ...current, sealed: isSealed }
    },
  }
}
