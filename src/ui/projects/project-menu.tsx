/** What can be done with a kept project, from the start screen. */
import { useSignal } from '@preact/signals'
import type { ProjectInfo } from '../../abi/project.ts'
import { Menu } from '../frame/menu.tsx'
import { useUi } from '../ui.ts'
import { DeleteProject, RenameProject } from './project-acts.tsx'

export interface ProjectMenuProps {
  project: ProjectInfo
  x: number
  y: number
  close(): void
}

export const ProjectMenu = ({ project, x, y, close }: ProjectMenuProps) => {
  const { kept, bring } = useUi()
  const asks = useSignal<'' | 'rename' | 'delete'>('')
  const { id } = project
  if (asks.value === 'rename') return <RenameProject project={project} close={close} />
  if (asks.value === 'delete') return <DeleteProject project={project} close={close} />
  const ask = (what: 'rename' | 'delete') => (): void => {
    asks.value = what
  }
  return (
    <Menu
      label={project.name}
      x={x}
      y={y}
      items={[
        { words: 'Open', act: () => void bring.restore(id) },
        { words: 'Rename…', act: ask('rename') },
        { words: 'Duplicate', act: () => void kept.duplicate(id) },
        { words: 'Save as .zip', act: () => void kept.save(id) },
        null,
        { words: 'Delete…', danger: true, act: ask('delete') },
      ]}
      close={() => {
        // an item that asks goes on; the menu's own end comes first
        setTimeout(() => {
          if (asks.value === '') close()
        })
      }}
    />
  )
}
