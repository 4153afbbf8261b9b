import { once } from 'node:events'
import type { Socket } from 'node:net'

const HANDSHAKE = 22
const SERVER_NAME = 0
const RECORD_HEAD_BYTES = 5

/** The name that a TLS client asks for, and what was read of its connection for that; it stays paused. */
export async function serverNameOf(socket: Socket): Promise<{ name: string; seen: Buffer }> {
  let seen = Buffer.alloc(0)
  for (;;) {
    const [part]: unknown[] = await once(socket, 'data')
    socket.pause()
    if (!Buffer.isBuffer(part)) throw new Error('A socket gives buffers.')
    seen = Buffer.concat([seen, part])
    if (seen[0] !== HANDSHAKE) throw new Error('This is no TLS.')
    if (seen.length >= RECORD_HEAD_BYTES && seen.length >= RECORD_HEAD_BYTES + seen.readUInt16BE(3)) break
    socket.resume()
  }
  return { name: parse(seen), seen }
}

/** `server_name` of a ClientHello (RFC 8446 §4.1.2, RFC 6066 §3). */
function parse(record: Buffer): string {
  // The record's head, the message's head, version, random.
  let at = RECORD_HEAD_BYTES + 4 + 2 + 32
  at += 1 + record.readUInt8(at)
  at += 2 + record.readUInt16BE(at)
  at += 1 + record.readUInt8(at)
  const end = at + 2 + record.readUInt16BE(at)
  at += 2
  while (at < end) {
    const type = record.readUInt16BE(at)
    const length = record.readUInt16BE(at + 2)
    // Length of the list, kind of name, length of the name.
    if (type === SERVER_NAME) return record.toString('latin1', at + 4 + 5, at + 4 + length)
    at += 4 + length
  }
  throw new Error('The client asks for no name.')
}
