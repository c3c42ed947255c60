/** proc_* and sched_yield. */
import { ERRNO } from '../abi/errno.ts'
import { signalFromWasi } from '../abi/wasi.ts'
import { raise } from '../objects/signal.ts'
import { errnoOf, type Process } from './process.ts'

const LAST_SIGNAL = 30
/** What a parent sees of an exit code, as everywhere. */
const CODE_BITS = 0xff

export const exitCalls = (process: Process) => ({
  proc_exit: (code: number): void => {
    process.enter()
    process.end(code & CODE_BITS, 0)
  },
  proc_raise: (number: number): number => {
    process.enter()
    if (number >>> 0 > LAST_SIGNAL) return ERRNO.INVAL
    const result = raise(process.objects, process.pid, signalFromWasi(number))
    process.deliver()
    return errnoOf(result)
  },
  sched_yield: (): number => {
    process.enter()
    return ERRNO.SUCCESS
  },
})
