import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KernelApi } from '../abi/control.ts'
import type { ProjectInfo, ProjectLoss, ProjectsForPage } from '../abi/project.ts'
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

/** @param arrives what the kernel says when all has come, which it does when the promise does */
const create = (arrives: Promise<ProjectLoss[]> = Promise.resolve([])) => {
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
    projectArrived: () => arrives,
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
    disk: {
      resume: async (isWhole) => void calls.push(`resume ${isWhole}`),
      pause: note('pause'),
      remember: note('remember'),
    },
    trust: { isSealed: () => false, put: async () => {} },
    emit: ({ what, project }) => void events.push(`${what} ${project?.id}`),
  })
  return { api, calls, events, noticed }
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

test('a project is open before all of it has come; its folder is taken up only then', async () => {
  let arrived = (_: ProjectLoss[]): void => {}
  const { api, calls, events } = create(new Promise((resolve) => (arrived = resolve)))
  await api.open('a')
  await turns()
  assert.deepEqual([api.current?.id, events, calls], ['a', ['opened a'], ['pause', 'open', 'restore']])
  arrived([])
  await turns()
  assert.deepEqual([events, calls], [['opened a'], ['pause', 'open', 'restore', 'resume true']])
})

test('what is found to be lost afterwards is told, and does not go for newer than the folder', async () => {
  const loss = { path: 'a.txt', what: 'its content is lost' }
  const { api, calls, events } = create(Promise.resolve([loss]))
  await api.open('a')
  await turns()
  assert.deepEqual([events, calls.at(-1)], [['opened a', 'lost a'], 'resume false'])
  assert.deepEqual((await api.open('a')).losses, [loss])
})

test('a project that was left before all had come has its folder taken up no more', async () => {
  for (const leave of ['close', 'delete', 'taken'] as const) {
    let arrived = (_: ProjectLoss[]): void => {}
    const { api, calls, noticed } = create(new Promise((resolve) => (arrived = resolve)))
    await api.open('a')
    if (leave === 'close') void api.close()
    else if (leave === 'delete') void api.delete('a')
    else noticed('taken')
    arrived([])
    await turns()
    assert.ok(!calls.some((call) => call.startsWith('resume')), `${leave}: ${calls}`)
    assert.ok(calls.includes('pause'))
  }
})

test('the folder is let go of before the open project is deleted', async () => {
  const { api, calls } = create()
  await api.open('a')
  await turns()
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
  await turns()
  calls.length = 0
  noticed('taken')
  await turns()
  assert.equal(api.current, null)
  assert.deepEqual(calls, ['pause', 'stop saving', 'close'])
  assert.deepEqual(events, ['opened a', 'taken a'])
})
