/** namespace_create, port_create, bind, port_open, send, receive. */
import { ERRNO } from '../../abi/errno.ts'
import { type Attachment, receiveOperation, sendOperation } from '../../objects/message.ts'
import { NAME_BYTES_MAX } from '../../objects/namespace.ts'
import {
  bindCapability,
  createNamedPort,
  createNamespace,
  createPort,
  openOperation,
} from '../../objects/port.ts'
import { ATTACHED_MAX } from '../../objects/queue.ts'
import { type Spans, spanOf } from '../../objects/spans.ts'
import { errnoOf, type Process } from '../process.ts'
import { waitIn } from '../waiting.ts'
import type { Sight } from './sight.ts'

/** Flags of port_open, send and receive. */
const NO_WAIT = 1
/** In the place of a namespace: a port without a name. */
const NOWHERE = -1
/** {descriptor, rights} of an attachment; {bytes, descriptors, sender} of what came. */
const ATTACHMENT_BYTES = 8
const RECEIVED_BYTES = 12

export const portCalls = (process: Process, sight: Sight) => {
  const { objects, descriptors, guest } = process
  const fileOf = (fd: number, act: (file: number) => number): number => {
    const file = descriptors.get(fd)
    return file < 0 ? file : act(file)
  }
  const nameAt = (at: number, length: number): Uint8Array | number => {
    if (!sight.has(at, length)) return -ERRNO.FAULT
    return length >>> 0 > NAME_BYTES_MAX ? -ERRNO.INVAL : sight.bytes(at, length)
  }
  const attachmentsAt = (at: number, count: number): Attachment[] | number => {
    if (count >>> 0 > ATTACHED_MAX) return -ERRNO['2BIG']
    if (!sight.has(at, count * ATTACHMENT_BYTES)) return -ERRNO.FAULT
    return Array.from({ length: count }, (_, index) => ({
      fd: sight.word(at + index * ATTACHMENT_BYTES) | 0,
      rights: sight.word(at + index * ATTACHMENT_BYTES + 4),
    }))
  }
  const dataAt = (at: number, length: number): Spans => spanOf(guest.u8, at >>> 0, length >>> 0)
  const manner = (flags: number) => ({ isPatient: (flags & NO_WAIT) === 0 })

  return {
    namespace_create: (out: number): number => {
      sight.begin()
      return sight.has(out, 4) ? sight.give(() => createNamespace(objects), out) : ERRNO.FAULT
    },
    port_create: (namespace: number, name: number, length: number, out: number): number => {
      sight.begin()
      if (!sight.has(out, 4)) return ERRNO.FAULT
      if (namespace === NOWHERE) return sight.give(() => createPort(objects), out)
      const bytes = nameAt(name, length)
      if (typeof bytes === 'number') return -bytes
      return sight.give(() => fileOf(namespace, (file) => createNamedPort(objects, file, bytes)), out)
    },
    bind: (namespace: number, name: number, length: number, port: number, rights: number): number => {
      sight.begin()
      const bytes = nameAt(name, length)
      if (typeof bytes === 'number') return -bytes
      const to = (file: number): number =>
        fileOf(port, (from) => bindCapability(objects, file, bytes, from, rights))
      return errnoOf(fileOf(namespace, to))
    },
    port_open: (
      namespace: number,
      name: number,
      length: number,
      rights: number,
      flags: number,
      out: number,
    ): number => {
      sight.begin()
      if (!sight.has(out, 4)) return ERRNO.FAULT
      const bytes = nameAt(name, length)
      if (typeof bytes === 'number') return -bytes
      const open = (file: number): number =>
        waitIn(process, openOperation(objects, file, bytes, rights, manner(flags), sight.keep))
      const fd = fileOf(namespace, open)
      if (fd >= 0) sight.put(out, fd)
      return fd < 0 ? -fd : ERRNO.SUCCESS
    },
    send: (
      port: number,
      data: number,
      length: number,
      attached: number,
      count: number,
      flags: number,
    ): number => {
      sight.begin()
      if (!sight.has(data, length)) return ERRNO.FAULT
      const attachments = attachmentsAt(attached, count)
      if (typeof attachments === 'number') return -attachments
      const send = (file: number): number => {
        const spans = dataAt(data, length)
        return waitIn(process, sendOperation(objects, descriptors, file, spans, attachments, manner(flags)))
      }
      return errnoOf(fileOf(port, send))
    },
    receive: (
      port: number,
      data: number,
      length: number,
      attached: number,
      most: number,
      flags: number,
      out: number,
    ): number => {
      sight.begin()
      if (!sight.has(data, length) || !sight.has(out, RECEIVED_BYTES)) return ERRNO.FAULT
      const room = Math.min(most >>> 0, ATTACHED_MAX)
      if (!sight.has(attached, room * 4)) return ERRNO.FAULT
      const receive = (file: number): number => {
        const spans = dataAt(data, length)
        const operation = receiveOperation(objects, descriptors, file, spans, room, manner(flags))
        const result = waitIn(process, operation)
        if (result < 0 && result !== -ERRNO.MSGSIZE) return result
        const { bytes, sender, fds } = operation.message
        for (const [index, fd] of fds.entries()) sight.put(attached + index * 4, fd)
        for (const [index, value] of [bytes, fds.length, sender].entries()) sight.put(out + index * 4, value)
        return result
      }
      return errnoOf(fileOf(port, receive))
    },
  }
}
