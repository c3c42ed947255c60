/** sock_*: no descriptor is a socket until the machine has a network, and says so. */
import { ERRNO } from '../abi/errno.ts'
import type { Process } from './process.ts'

export const socketCalls = (process: Process) => {
  const refuse = (fd: number): number => {
    process.enter()
    return process.descriptors.get(fd) < 0 ? ERRNO.BADF : ERRNO.NOTSOCK
  }
  return {
    sock_accept: (fd: number): number => refuse(fd),
    sock_recv: (fd: number): number => refuse(fd),
    sock_send: (fd: number): number => refuse(fd),
    sock_shutdown: (fd: number): number => refuse(fd),
  }
}
