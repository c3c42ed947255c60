/** The editor's sheet: the text, and above it what someone else has done to the file meanwhile. */

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { EditText } from '../files/text.ts'
import { baseName } from '../format.ts'
import { lazy } from '../frame/lazy.tsx'
import { adoptStyles } from '../frame/styles.ts'
import { useUi } from '../ui.ts'
import styles from './editor.lazy.css'
import { createSurface, type Surface } from './surface.ts'

adoptStyles(styles)

const Compare = lazy(async () => (await import('./compare.tsx')).Compare, 'the comparison')

const ConflictBand = ({ path, theirs }: { path: string; theirs: string | null }) => {
  const { documents } = useUi().files
  const compares = useSignal(false)
  const name = baseName(path)
  const settle = (whose: 'mine' | 'theirs'): void => {
    compares.value = false
    void documents.settle(path, whose)
  }
  const choices = (
    <>
      <button type="button" class="btn" data-testid="keep-mine" onClick={() => settle('mine')}>
        {theirs === null ? 'Save it again' : 'Keep mine'}
      </button>
      <button type="button" class="btn" data-testid="take-theirs" onClick={() => settle('theirs')}>
        {theirs === null ? 'Let it go' : 'Take the other'}
      </button>
    </>
  )
  return (
    <div class="band warn" role="alert" data-testid="conflict">
      <p class="grow">
        {theirs === null
          ? `${name} was deleted while you were editing it. Your text is kept here only.`
          : `${name} was changed by someone else while you were editing it. Yours is not saved.`}
      </p>
      <div class="acts">
        {choices}
        {theirs === null ? null : (
          <button
            type="button"
            class="btn"
            onClick={() => {
              compares.value = true
            }}
          >
            Compare
          </button>
        )}
      </div>
      {compares.value && theirs !== null ? (
        <Compare
          title={`${name}: two versions`}
          path={path}
          left={{ label: 'In the machine', text: theirs }}
          right={{ label: 'Yours, not saved', text: documents.text(path) }}
          close={() => {
            compares.value = false
          }}
          acts={choices}
        />
      ) : null}
    </div>
  )
}

/** A document that is known needs no text. */
const NOTHING: EditText = { text: '', format: { hasMark: false, isCrLf: false } }

export const Editor = ({ path, text }: { path: string; text: EditText | null }) => {
  const { files } = useUi()
  const box = useRef<HTMLDivElement>(null)
  const surface = useRef<Surface | null>(null)
  const conflict = files.documents.conflicts.value.get(path)
  const target = files.target.value
  useEffect(() => {
    if (!box.current) return
    const made = createSurface(box.current, files.documents)
    surface.current = made
    return () => {
      surface.current = null
      made.destroy()
    }
  }, [files])
  useEffect(() => surface.current?.show(files.documents.open(path, text ?? NOTHING)), [files, path])
  useEffect(() => {
    if (target?.path !== path) return
    surface.current?.go(target)
    files.target.value = null
  }, [files, target, path])
  return (
    <>
      {conflict ? <ConflictBand path={path} theirs={conflict.theirs} /> : null}
      <div class="editor" ref={box} />
    </>
  )
}
