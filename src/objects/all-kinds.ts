/** For the scripts of runtimes whose programs can have all that there is. */
import { CHILD_STREAM } from './child-file.ts'
import { PTY_STREAM } from './pty.ts'
import { SEMAPHORE_STREAM } from './semaphore.ts'
import { WATCH_STREAM } from './watch-file.ts'

export const ALL_KINDS = [PTY_STREAM, CHILD_STREAM, SEMAPHORE_STREAM, WATCH_STREAM]
