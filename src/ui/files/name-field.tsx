/** The field in the tree for a new name: Enter takes it, Esc and leaving it let it be. */
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { baseName } from '../format.ts'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import type { Naming } from './files.ts'
import { nameProblem } from './operations.ts'

/** What is selected at first: the name without its ending. */
const stem = (name: string): number => {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? dot : name.length
}

export const NameField = ({ naming, depth }: { naming: Naming; depth: number }) => {
  const { files, operations } = useUi()
  const field = useRef<HTMLInputElement>(null)
  const isDone = useRef(false)
  const problem = useSignal('')
  const before = naming.path === null ? '' : baseName(naming.path)
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(0, stem(before))
  }, [])
  const leave = (): void => {
    if (files.naming.value === naming) files.naming.value = null
  }
  const take = async (): Promise<void> => {
    const name = field.current?.value.trim() ?? ''
    if (isDone.current) return
    if (name === '' || name === before) return leave()
    problem.value = nameProblem(name)
    if (problem.value !== '') return
    isDone.current = true
    const isTaken = await (naming.path === null
      ? operations.create(naming.folder, name, naming.kind)
      : operations.rename(naming.path, name))
    isDone.current = false
    if (isTaken) leave()
    else field.current?.focus()
  }
  return (
    <div class="row naming" role="none" style={{ '--depth': depth }}>
      <span class="twist" />
      <Icon name={naming.kind === 'directory' ? 'folder' : 'file'} />
      <input
        ref={field}
        class="mono"
        aria-label={
          naming.path === null
            ? `Name of the new ${naming.kind === 'file' ? 'file' : 'folder'}`
            : `New name of ${before}`
        }
        aria-invalid={problem.value !== ''}
        title={problem.value}
        data-testid="name-field"
        defaultValue={before}
        spellcheck={false}
        autocomplete="off"
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter') void take()
          else if (event.key === 'Escape') leave()
        }}
        onBlur={() => void take()}
      />
      {problem.value ? (
        <span class="sr" role="alert">
          {problem.value}
        </span>
      ) : null}
    </div>
  )
}
