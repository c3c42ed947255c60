/**
 * One editor view and the states of all open texts: caret, selection, undo and scroll of each outlive saves and changes of tab.
 *
 * Invariant: the shown state is the view's; the others are in `kept`.
 */

import { diff } from '@codemirror/merge'
import { Compartment, EditorState, Transaction } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import type { Documents, OpenDocument } from '../files/documents.ts'
import type { Place } from '../files/files.ts'
import { baseName } from '../format.ts'
import { languageOf } from './languages.ts'
import { setup } from './setup.ts'

/** Changes of a text that are told apart at most, and milliseconds for finding them: beyond, a region is taken as one. */
const DIFF = { scanLimit: 500, timeout: 60 }

export interface Surface {
  show(document: OpenDocument): void
  /** Selects the place and brings it into sight. */
  go(place: Place): void
  focus(): void
  destroy(): void
}

interface Kept {
  state: EditorState
  scroll: ReturnType<EditorView['scrollSnapshot']> | null
}

/** Of all texts that were opened; a closed one goes with its document. */
const kept = new WeakMap<OpenDocument, Kept>()
/** A change that did not come from a key. */
const isOutside = Transaction.userEvent.of('outside')

export const createSurface = (parent: HTMLElement, documents: Documents): Surface => {
  let current: OpenDocument | null = null

  const changesTo = (from: string, to: string) =>
    diff(from, to, DIFF).map(({ fromA, toA, fromB, toB }) => ({
      from: fromA,
      to: toA,
      insert: to.slice(fromB, toB),
    }))
  const stateOf = (document: OpenDocument): EditorState =>
    (document === current ? view.state : kept.get(document)?.state) ?? view.state
  const textOf = (state: EditorState): string => state.doc.sliceString(0, state.doc.length, '\n')

  const create = (document: OpenDocument): Kept => {
    const language = new Compartment()
    const { path, base } = document
    const state = EditorState.create({
      doc: base,
      extensions: [
        setup(base, path, `Text of ${baseName(path)}`),
        language.of([]),
        EditorView.updateListener.of((update) => {
          const isTyped = update.transactions.some(
            (transaction) => transaction.docChanged && !transaction.isUserEvent('outside'),
          )
          if (isTyped) documents.edited(document.path)
        }),
      ],
    })
    void languageOf(path)
      ?.load()
      .then((support) => {
        const transaction = { effects: language.reconfigure(support) }
        const own = kept.get(document)
        if (document === current) view.dispatch(transaction)
        else if (own) own.state = own.state.update(transaction).state
      })
      // colours are missing then, and nothing else
      .catch(() => undefined)
    documents.attach(path, {
      text: () => textOf(stateOf(document)),
      replace(text) {
        const state = stateOf(document)
        const transaction = { changes: changesTo(textOf(state), text), annotations: isOutside }
        const own = kept.get(document)
        if (document === current) view.dispatch(transaction)
        else if (own) own.state = own.state.update(transaction).state
      },
    })
    return { state, scroll: null }
  }

  const view = new EditorView({ parent })
  const put = (): void => {
    if (current) kept.set(current, { state: view.state, scroll: view.scrollSnapshot() })
  }
  return {
    show(document) {
      if (document === current) return
      put()
      const next = kept.get(document) ?? create(document)
      kept.set(document, next)
      current = document
      view.setState(next.state)
      if (next.scroll) view.dispatch({ effects: next.scroll })
    },
    go({ line, column, length }) {
      const { doc } = view.state
      const found = doc.line(Math.min(Math.max(1, line), doc.lines))
      const anchor = Math.min(found.to, found.from + column)
      const head = Math.min(found.to, anchor + length)
      view.dispatch({
        selection: { anchor, head },
        effects: EditorView.scrollIntoView(anchor, { y: 'center' }),
      })
      view.focus()
    },
    focus: () => view.focus(),
    destroy() {
      put()
      current = null
      view.destroy()
    },
  }
}
