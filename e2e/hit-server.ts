/** A server on this machine that answers everybody, whatever they ask with, and remembers who came: a leak is a hit. */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface HitServer {
  url: string
  /** Port that counts datagrams (WebRTC, QUIC) as '/udp'. */
  udp: number
  /** Paths that were asked for, in order. */
  hits: string[]
  close(): Promise<void>
}

const ANSWERS: Record<string, [type: string, body: string]> = {
  '.js': ['text/javascript', 'globalThis.leaked = 1'],
  '.css': ['text/css', 'body { color: red }'],
  '.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'],
  '.html': ['text/html', '<!doctype html>out'],
}
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export const openHitServer = async (): Promise<HitServer> => {
  const hits: string[] = []
  const server = createServer((request, response) => {
    hits.push(request.url ?? '')
    answer(request, response)
  })
  server.on('upgrade', (request, socket) => {
    hits.push(request.url ?? '')
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
    const accept = `Sec-WebSocket-Accept: ${key.digest('base64')}`
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`,
    )
    socket.on('error', () => socket.destroy())
  })
  // closeAllConnections() leaves those out that became WebSockets.
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const datagrams = createSocket('udp4', () => hits.push('/udp'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    udp: datagrams.address().port,
    hits,
    close: async () => {
      datagrams.close()
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  const path = request.url ?? '/'
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
  if (path === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('data: leaked\n\n')
    return
  }
  const [type, body] = ANSWERS[path.slice(path.lastIndexOf('.'))] ?? ['text/plain', 'leaked']
  response.writeHead(200, { 'Content-Type': type })
  response.end(body)
}
