/** Two versions of one text side by side, what differs marked; used wherever both sides have changed a file. */
import { MergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Dialog } from '../frame/dialog.tsx'
import { languageOf } from './languages.ts'
import { look } from './theme.ts'

export interface CompareSide {
  label: string
  text: string
}

export interface CompareProps {
  title: string
  /** Its name tells the language. */
  path: string
  left: CompareSide
  right: CompareSide
  close(): void
  /** Buttons that decide. */
  acts: ComponentChildren
}

/** Lines around a difference; longer runs of equal lines are folded away. */
const CONTEXT = { margin: 3, minSize: 6 }

export const Compare = ({ title, path, left, right, close, acts }: CompareProps) => {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let view: MergeView | null = null
    let isGone = false
    const draw = async (): Promise<void> => {
      const language = await languageOf(path)
        ?.load()
        .catch(() => null)
      const parent = box.current
      if (isGone || !parent) return
      const side = ({ label, text }: CompareSide) => ({
        doc: text,
        extensions: [
          lineNumbers(),
          EditorState.readOnly.of(true),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          language ?? [],
          look,
        ],
      })
      view = new MergeView({
        a: side(left),
        b: side(right),
        parent,
        collapseUnchanged: CONTEXT,
        gutter: true,
      })
    }
    void draw()
    return () => {
      isGone = true
      view?.destroy()
    }
  }, [path, left.text, right.text])
  return (
    <Dialog
      title={title}
      class="wide"
      close={close}
      footer={
        <>
          {acts}
          <button type="button" class="btn go" data-safe onClick={close}>
            Decide later
          </button>
        </>
      }
    >
      <div class="compare-heads">
        <span>{left.label}</span>
        <span>{right.label}</span>
      </div>
      <div class="compare" ref={box} data-testid="compare" />
    </Dialog>
  )
}
