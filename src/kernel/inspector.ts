/**
 * What looks at the machine only when somebody asks: the check of the filesystem, the audit, the assertions of debug, the lines of
 * strace, the home directory as a folder of the disk is kept in step with it. It is a script of its own (workers/inspector.ts), which travels with the kernel's and is evaluated in the kernel worker at
 * the first question, so that no machine waits for it to start.
 *
 * Invariant: a function here works on what it is given and keeps nothing: this script has its own copies of the modules that it
 * shares with the kernel's. A lock is taken through the object that came as an argument, never found by its memory.
 */
import { fsck } from '../vfs/fsck.ts'
import { createAssertions } from './assertions.ts'
import { takeAudit } from './audit.ts'
import { createTreeCaller } from './machine-tree.ts'
import { traceEntry } from './strace-lines.ts'

export const inspector = { fsck, createAssertions, takeAudit, traceEntry, createTreeCaller }

export type Inspector = typeof inspector
