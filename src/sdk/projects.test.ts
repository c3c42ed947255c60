import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KernelApi } from '../abi/control.ts'
import type { ProjectInfo, ProjectsForPage } from '../abi/project.ts'
import type { Remote } from '../ipc/rpc.ts'
import { createProjects } from './projects.ts'

const info = (id: string): ProjectInfo => ({
  id,
  name: id,
  created: 1,
  opened: 1,
  saved: 1,
  bytes: 1,
  entries: 1,
  state: 'closed',
  sealed: false,
})

const create = () => {
  const events: string[] = []
  const calls: string[] = []
  const note =
    <T>(call: string, value?: T) =>
    async (): Promise<T> => {
      calls.push(call)
      return value as T
    }
  // only what projects ask for is there
  const kernel = {
    flushProject: note('flush'),
    stopSaving: note('stop saving'),
    keepProject: note('keep'),
    restoreProject: note('restore', { entries: 1, losses: [] }),
  } as unknown as Remote<KernelApi>
  const host = {
    listProjects: async () => [info('a')],
    createProject: note('create', info('a')),
    openProject: note('open', info('a')),
    closeProject: note('close'),
    deleteProject: note('delete'),
  } as unknown as Remote<ProjectsForPage>
  const { api, noticed } = createProjects({
    kernel: async () => kernel,
    host: async () => host,
    restart: note('restart'),
    hasRun: () => false,
    disk: { resume: note('resume'), pause: note('pause'), remember: note('remember') },
    trust: { isSealed: () => false, put: async () => {} },
    emit: ({ what, project }) => void events.push(`${what} ${project?.id}`),
  })
  return { api, calls, events, noticed }
}

test('the folder is let go of before the open project is deleted', async () => {
  const { api, calls } = create()
  await api.open('a')
  calls.length = 0
  await api.delete('a')
  assert.deepEqual(calls, ['pause', 'stop saving', 'delete'])
  assert.equal(api.current, null)
})

test('files without a project let go of their folder before the machine is emptied', async () => {
  const { api, calls } = create()
  await api.close()
  assert.deepEqual(calls, ['pause', 'restart'])
})

test('files that become a project take their folder along', async () => {
  const { api, calls } = create()
  await api.create('a', { files: 'current' })
  assert.deepEqual(calls, ['create', 'open', 'keep', 'remember'])
})

test('a project that another tab has taken is named, its folder let go of, and nothing is saved any more', async () => {
  const { api, calls, events, noticed } = create()
  await api.open('a')
  calls.length = 0
  noticed('taken')
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  assert.equal(api.current, null)
  assert.deepEqual(calls, ['pause', 'stop saving', 'close'])
  assert.deepEqual(events, ['opened a', 'taken a'])
})
