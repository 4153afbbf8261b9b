import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GATHERED_BYTES, fileSink, giveBack, messageSink } from './body-sink.ts'

const CHUNK_BYTES = 64 * 1024

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-sink-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Bytes, and the same once more in chunks whose memory is theirs alone. */
function someBody(chunks = 100): { whole: Buffer; chunks: Buffer[] } {
  const whole = randomBytes(chunks * CHUNK_BYTES)
  const own = Array.from({ length: chunks }, (_, at) => {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    whole.copy(chunk, 0, at * CHUNK_BYTES)
    return chunk
  })
  return { whole, chunks: own }
}

const bytesLeft = (chunks: Buffer[]) => chunks.reduce((sum, { length }) => sum + length, 0)

/** Serves `answer` on a socket for the time of a test. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const socketPath = join(folder, 'http.sock')
  const server = createServer(answer)
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('the body of a message', () => {
  test('arrives as it was, and its memory is free when it has gone out', async () => {
    const { whole, chunks } = someBody()
    await using http = await serve((_request, response) => void pipeline(Readable.from(chunks), messageSink(response)))
    const asked = request({ socketPath: http.socketPath }).end()
    const [answer]: IncomingMessage[] = await once(asked, 'response')
    expect((await buffer(answer ?? Readable.from([]))).equals(whole)).toBe(true)
    await expect.poll(() => bytesLeft(chunks)).toBe(0)
  })

  test('waits for a slow reader in bounded memory', async () => {
    let taken = 0
    async function* endless() {
      for (;;) {
        taken += CHUNK_BYTES
        yield Buffer.allocUnsafeSlow(CHUNK_BYTES)
        await new Promise(setImmediate)
      }
    }
    const { promise: ended, resolve } = Promise.withResolvers<unknown>()
    await using http = await serve(
      (_request, response) => void pipeline(Readable.from(endless()), messageSink(response)).catch(resolve),
    )
    const asked = request({ socketPath: http.socketPath }).end()
    const [answer]: IncomingMessage[] = await once(asked, 'response')
    let before = -1
    await expect
      .poll(
        () => {
          const stands = taken === before
          before = taken
          return stands
        },
        { interval: 100 },
      )
      .toBe(true)
    // Beside what has gathered: what is being sent, and the buffers of the system and of both ends.
    expect(taken).toBeLessThan(3 * GATHERED_BYTES)
    answer?.destroy()
    expect(await ended).toBeInstanceOf(Error)
  })

  test('fails where the other side hangs up', async () => {
    await using http = await serve((asked) => void asked.once('data', () => asked.destroy()))
    const sent = request({ socketPath: http.socketPath, method: 'PUT' })
    sent.on('error', () => undefined)
    await expect(pipeline(Readable.from(someBody().chunks), messageSink(sent))).rejects.toThrow(
      /hang up|EPIPE|ECONNRESET|Premature/,
    )
  })

  test('keeps its memory where a connection may hand that on', async () => {
    const { whole, chunks } = someBody(4)
    const received: Buffer[] = []
    const connection = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        received.push(chunk)
        done()
      },
    })
    const agent = new Agent()
    agent.createConnection = () => connection
    const headers = { 'content-length': whole.length }
    await pipeline(Readable.from(chunks), messageSink(request({ agent, method: 'PUT', headers })))
    expect(Buffer.concat(received).subarray(-whole.length).equals(whole)).toBe(true)
    connection.destroy()
  })
})

describe('a file', () => {
  test('gets all bytes, whatever their chunks, and stays open', async () => {
    const { whole, chunks } = someBody()
    const path = join(folder, 'file')
    await using handle = await open(path, 'w')
    await pipeline(Readable.from(chunks), fileSink(handle))
    const crumbs = Array.from({ length: 3000 }, (_, at) => Buffer.from([at % 251]))
    await pipeline(Readable.from(crumbs), fileSink(handle))
    expect(bytesLeft(chunks)).toBe(0)
    expect((await handle.stat()).size).toBe(whole.length + crumbs.length)
    const written = await readFile(path)
    expect(written.subarray(0, whole.length).equals(whole)).toBe(true)
    expect([...written.subarray(whole.length)]).toEqual(crumbs.map((_, at) => at % 251))
  })

  test('that cannot take more fails', async () => {
    await using handle = await open('/dev/full', 'w')
    await expect(pipeline(Readable.from(someBody(4).chunks), fileSink(handle))).rejects.toMatchObject({
      code: 'ENOSPC',
    })
  })
})

test('a view of larger memory keeps it for its neighbours', () => {
  const large = Buffer.allocUnsafeSlow(100)
  giveBack(large.subarray(0, 50))
  expect(large.length).toBe(100)
  giveBack(large)
  expect(large.length).toBe(0)
})
