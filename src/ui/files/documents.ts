/**
 * The texts that are being edited: which are not saved yet, which were changed by someone else meanwhile, and their way back
 * into the machine.
 *
 *   keys ─> buffer ─ idle, Ctrl-S, Run ─> is the file still what was read? ─ yes ─> write
 *   a process writes ─> refresh ─> nothing unsaved? ─ yes ─> the buffer follows     ─ no ─> conflict: the user chooses
 *
 * Invariant: nothing unsaved is lost and nothing of others is written over unless the user says so; what is done with one
 * file is done one after the other.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { FileSystem } from '../../sdk/types.ts'
import { codeOf, messageOf } from '../format.ts'
import { closeText, type EditText, openText, type TextFormat } from './text.ts'

/** Milliseconds without a key after which an edited file is saved. */
export const IDLE_SAVE = 1000

/** Where the text lives while it is edited; the editor has it. */
export interface TextBuffer {
  text(): string
  /** Becomes that text with as few changes as possible, so that the caret stays. */
  replace(text: string): void
}

export interface Conflict {
  /** What the machine has now; null: the file is gone. */
  readonly theirs: string | null
}

/** One text that is being edited; the same object as long as it is open, also when the file is renamed. */
export interface OpenDocument {
  readonly path: string
  /** What the machine had when it was last read or saved. */
  readonly base: string
}

export interface Documents {
  /** Paths with changes that are not in the machine. */
  readonly dirty: ReadonlySignal<ReadonlySet<string>>
  readonly conflicts: ReadonlySignal<ReadonlyMap<string, Conflict>>
  /** Begins to edit what was read; a known document keeps its buffer. */
  open(path: string, text: EditText): OpenDocument
  attach(path: string, buffer: TextBuffer): void
  has(path: string): boolean
  /** As it is edited now. */
  text(path: string): string
  /** The user has changed the buffer. */
  edited(path: string): void
  /** False when it could not be, or the user has to choose first. */
  save(path: string): Promise<boolean>
  saveAll(): Promise<boolean>
  /** Looks at the machine again: someone may have changed the file. */
  refresh(path: string): Promise<void>
  /** 'mine' writes over, 'theirs' drops what was edited here. */
  settle(path: string, whose: 'mine' | 'theirs'): Promise<void>
  /** Files were renamed. */
  move(from: string, to: string): void
  forget(path: string): void
  clear(): void
}

export interface DocumentParts {
  fs: Pick<FileSystem, 'readFile' | 'writeFile'>
  later(callback: () => void, milliseconds: number): void
  /** Whether idle files are saved. */
  savesIdle(): boolean
  /** Was written by the user's doing. */
  written(path: string): void
  failed(sentence: string): void
}

interface Doc extends OpenDocument {
  path: string
  base: string
  format: TextFormat
  buffer: TextBuffer | null
  /** Grows with every edit. */
  edits: number
  /** What was asked for last; the next begins when it is done. */
  queue: Promise<unknown>
}

export const createDocuments = ({ fs, later, savesIdle, written, failed }: DocumentParts): Documents => {
  const dirty = signal<ReadonlySet<string>>(new Set())
  const conflicts = signal<ReadonlyMap<string, Conflict>>(new Map())
  let docs = new Map<string, Doc>()

  const mark = (path: string, isDirty: boolean): void => {
    if (dirty.value.has(path) === isDirty) return
    const next = new Set(dirty.value)
    if (isDirty) next.add(path)
    else next.delete(path)
    dirty.value = next
  }
  const setConflict = (path: string, conflict: Conflict | null): void => {
    if (!conflict && !conflicts.value.has(path)) return
    const next = new Map(conflicts.value)
    if (conflict) next.set(path, conflict)
    else next.delete(path)
    conflicts.value = next
  }
  const isOpen = (doc: Doc): boolean => docs.get(doc.path) === doc
  const inTurn = <T>(doc: Doc, work: () => Promise<T>): Promise<T> => {
    const turn = doc.queue.then(work)
    doc.queue = turn.catch(() => undefined)
    return turn
  }
  const mine = (doc: Doc): string => doc.buffer?.text() ?? doc.base

  /** null: gone, or no text any more. */
  const look = async (path: string): Promise<EditText | null> => {
    try {
      return openText(await fs.readFile(path))
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EISDIR') return null
      throw error
    }
  }
  const agree = (doc: Doc, text: string): void => {
    doc.base = text
    setConflict(doc.path, null)
    mark(doc.path, mine(doc) !== text)
  }
  const write = async (doc: Doc, isForced: boolean): Promise<boolean> => {
    const text = mine(doc)
    if (!isForced && text === doc.base && !conflicts.value.has(doc.path)) {
      mark(doc.path, false)
      return true
    }
    try {
      const found = isForced ? null : await look(doc.path)
      if (!isForced && found?.text !== doc.base && found?.text !== text) {
        setConflict(doc.path, { theirs: found?.text ?? null })
        return false
      }
      await fs.writeFile(doc.path, closeText(text, doc.format))
      agree(doc, text)
      written(doc.path)
      return true
    } catch (error) {
      failed(`${doc.path} was not saved: ${messageOf(error)}`)
      return false
    }
  }
  const compare = async (doc: Doc): Promise<void> => {
    const found = await look(doc.path).catch(() => null)
    if (!isOpen(doc)) return
    const text = mine(doc)
    if (found?.text === doc.base) setConflict(doc.path, null)
    else if (found?.text === text) agree(doc, text)
    else if (dirty.value.has(doc.path)) setConflict(doc.path, { theirs: found?.text ?? null })
    else if (found) {
      doc.format = found.format
      doc.buffer?.replace(found.text)
      agree(doc, found.text)
    }
  }
  const save = (path: string): Promise<boolean> => {
    const doc = docs.get(path)
    return doc ? inTurn(doc, () => write(doc, false)) : Promise.resolve(true)
  }
  const forget = (path: string): void => {
    docs.delete(path)
    mark(path, false)
    setConflict(path, null)
  }

  return {
    dirty,
    conflicts,
    open(path, { text, format }) {
      const known = docs.get(path)
      if (known) return known
      const doc: Doc = { path, base: text, format, buffer: null, edits: 0, queue: Promise.resolve() }
      docs.set(path, doc)
      return doc
    },
    attach(path, buffer) {
      const doc = docs.get(path)
      if (doc) doc.buffer = buffer
    },
    has: (path) => docs.has(path),
    text(path) {
      const doc = docs.get(path)
      return doc ? mine(doc) : ''
    },
    edited(path) {
      const doc = docs.get(path)
      if (!doc) return
      const edits = ++doc.edits
      mark(path, true)
      later(() => {
        const isIdle = isOpen(doc) && doc.edits === edits && dirty.value.has(doc.path)
        if (isIdle && savesIdle() && !conflicts.value.has(doc.path)) void save(doc.path)
      }, IDLE_SAVE)
    },
    save,
    saveAll: async () => (await Promise.all([...dirty.value].map(save))).every(Boolean),
    async refresh(path) {
      const doc = docs.get(path)
      if (doc) await inTurn(doc, () => compare(doc))
    },
    async settle(path, whose) {
      const doc = docs.get(path)
      if (!doc) return
      if (whose === 'mine') await inTurn(doc, () => write(doc, true))
      else
        await inTurn(doc, async () => {
          const found = await look(path)
          if (!found) return forget(path)
          doc.format = found.format
          doc.buffer?.replace(found.text)
          agree(doc, found.text)
        })
    },
    move(from, to) {
      const moved = (path: string): string =>
        path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path
      for (const doc of docs.values()) doc.path = moved(doc.path)
      docs = new Map([...docs.values()].map((doc) => [doc.path, doc]))
      dirty.value = new Set([...dirty.value].map(moved))
      conflicts.value = new Map([...conflicts.value].map(([path, conflict]) => [moved(path), conflict]))
    },
    forget,
    clear() {
      docs.clear()
      dirty.value = new Set()
      conflicts.value = new Map()
    },
  }
}
