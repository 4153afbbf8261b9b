/** RESP2, the wire of Redis and Valkey (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export type Reply = string | number | null | RespError | Reply[]

/** The server's refusal of one command; the connection goes on. */
export class RespError {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** Largest reply, and nesting, that is taken from a server; beyond is not a server of ours. */
const MAX_REPLY_BYTES = 512 * 1024 * 1024
const MAX_DEPTH = 8

const CRLF = '\r\n'
const CARRIAGE_RETURN = 13

/** A command as an array of bulk strings. */
export function encodeCommand(parts: (string | number)[]): Buffer {
  const pieces = parts.map((part) => {
    const text = String(part)
    return `$${Buffer.byteLength(text)}${CRLF}${text}${CRLF}`
  })
  return Buffer.from(`*${parts.length}${CRLF}${pieces.join('')}`)
}

/** Turns the bytes of a connection into replies. Throws on bytes that are no RESP2. */
export class ReplyReader {
  #chunks: Buffer[] = []
  #buffered = 0
  /** Parsing again is useless below so many bytes: a large reply is parsed once, not once a packet. */
  #needed = 0

  push(chunk: Buffer): Reply[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    if (this.#buffered < this.#needed) return []
    const bytes = Buffer.concat(this.#chunks)
    const replies: Reply[] = []
    let at = 0
    this.#needed = 0
    for (;;) {
      const parser = new Parser(bytes, at)
      const reply = parser.next(0)
      if (reply === undefined) {
        this.#needed = parser.needed - at
        break
      }
      replies.push(reply)
      at = parser.at
    }
    this.#chunks = at === bytes.length ? [] : [bytes.subarray(at)]
    this.#buffered = bytes.length - at
    return replies
  }
}

/** One attempt at one reply: `undefined` while bytes are missing. */
class Parser {
  at: number
  needed = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  next(depth: number): Reply | undefined {
    const line = this.#line()
    if (line === undefined) return undefined
    const rest = line.slice(1)
    switch (line.charAt(0)) {
      case '+':
        return rest
      case '-':
        return new RespError(rest)
      case ':':
        return integer(rest)
      case '$':
        return this.#bulk(integer(rest))
      case '*':
        if (depth >= MAX_DEPTH) throw new Error('Redis answered with arrays nested too deep')
        return this.#array(integer(rest), depth)
      default:
        throw new Error(`Redis answered with something that is not RESP2: ${JSON.stringify(line.slice(0, 40))}`)
    }
  }

  #line(): string | undefined {
    const end = this.#bytes.indexOf(CRLF, this.at, 'latin1')
    if (end === -1) return undefined
    const line = this.#bytes.toString('utf8', this.at, end)
    this.at = end + 2
    return line
  }

  #bulk(length: number): string | null | undefined {
    if (length === -1) return null
    if (length < 0 || length > MAX_REPLY_BYTES) throw new Error(`Redis announced a string of ${length} bytes`)
    const end = this.at + length
    if (this.#bytes.length < end + 2) {
      this.needed = end + 2
      return undefined
    }
    if (this.#bytes[end] !== CARRIAGE_RETURN) throw new Error('Redis sent a string longer than announced')
    const text = this.#bytes.toString('utf8', this.at, end)
    this.at = end + 2
    return text
  }

  #array(length: number, depth: number): Reply[] | null | undefined {
    if (length === -1) return null
    if (length < 0 || length > MAX_REPLY_BYTES) throw new Error(`Redis announced an array of ${length}`)
    const items: Reply[] = []
    while (items.length < length) {
      const item = this.next(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`Redis sent ${JSON.stringify(text.slice(0, 40))} for a number`)
  return Number(text)
}
