/** Cards for what happens seldom: a slow start, and a project that another tab has taken. */
import type { ProjectInfo } from '../../abi/project.ts'
import type { Ui } from '../ui.ts'

const SLOW_TITLE = 'The machine takes long to start'

export const tellSlow = ({ notices }: Ui['stores'], message: string | null): void => {
  if (message === null) {
    if (notices.card.value?.title === SLOW_TITLE) notices.apply({ type: 'card-away' })
    return
  }
  const next =
    'Nothing is lost: it goes on by itself as soon as that comes. If it does not, reload the page; an extension or a full memory may hold it back.'
  notices.apply({
    type: 'card',
    card: {
      title: SLOW_TITLE,
      facts: [
        { name: 'Cause', text: message },
        { name: 'Next', text: next },
      ],
      actions: [{ label: 'Reload the page', primary: true, run: () => location.reload() }],
      detail: '',
    },
  })
}

/** The files are still here, though what is done to them now is kept nowhere. */
export const tellTaken = ({ wasmrun, stores, bring, kept }: Ui, { id, name }: ProjectInfo): void => {
  const keepCopy = async (): Promise<void> => {
    if ((await kept.keep(`${name} copy`)) === '') return
    const project = stores.project.project.value
    const copy = wasmrun.projects.current
    if (project && copy) stores.project.apply({ type: 'opened', project: { ...project, name: copy.name } })
  }
  stores.notices.apply({
    type: 'card',
    card: {
      title: 'Another tab has this project',
      facts: [
        { name: 'Cause', text: `${name} was taken over there, with everything that you had done here.` },
        { name: 'Next', text: 'What you change here from now on is kept nowhere.' },
      ],
      actions: [
        { label: 'Take back', primary: true, run: () => void bring.restore(id, true) },
        { label: 'Keep a copy', run: () => void keepCopy() },
      ],
      detail: '',
    },
  })
}
