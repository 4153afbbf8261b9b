import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderList } from '#server/gateway/headers.ts'

/** Writes the head of an HTTP/1.1 answer on a connection that node's server has handed over. The headers were parsed by node: no line breaks in them. */
export function writeHead(socket: Duplex, status: number, headers: HeaderList): void {
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n'), 'latin1')
}
