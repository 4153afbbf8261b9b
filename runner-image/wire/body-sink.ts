import type { FileHandle } from 'node:fs/promises'
import type { OutgoingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { Duplex } from 'node:stream'

/** So much of a body waits in memory for a slow reader or disk; what has gathered goes out in one call. */
export const GATHERED_BYTES = 1024 * 1024

/**
 * Sends what is written to it as the body of `message`. Chunks are the sink's alone: the memory of each is given back as
 * soon as the kernel has taken it. Left to the collector, every 64 MiB of them (its bound for memory outside its heap)
 * would have it look at the whole heap, which takes longer than the transfer.
 */
export function messageSink(message: OutgoingMessage): Writable {
  const sink = createSink({
    take: async (chunks) => {
      await send(message, chunks)
      // A stream that is no socket may hand the very same memory on to its reader.
      if (message.socket instanceof Socket) chunks.forEach(giveBack)
    },
    end: () => new Promise((resolve) => message.end(resolve)),
    fail: (error) => message.destroy(error),
  })
  message.once('close', () => sink.destroy())
  return sink
}

/** Writes to a file from where its handle stands, and leaves it open. Chunks are the sink's alone, as above. */
export function fileSink(handle: FileHandle): Writable {
  return createSink({
    take: async (chunks) => {
      for (let left = chunks; left.length > 0;) {
        const { bytesWritten } = await handle.writev(left)
        if (bytesWritten === 0) throw new Error('The file system took none of the bytes.')
        left = without(left, bytesWritten)
      }
      chunks.forEach(giveBack)
    },
  })
}

interface Target {
  take: (chunks: Buffer[]) => Promise<void>
  end?: () => Promise<void>
  fail?: (error: Error) => void
}

function createSink({ take, end, fail }: Target): Writable {
  return new Writable({
    highWaterMark: GATHERED_BYTES,
    write: (chunk: Buffer, _encoding, done) => void settle(take([chunk]), done),
    writev: (gathered: { chunk: Buffer }[], done) => void settle(take(gathered.map(({ chunk }) => chunk)), done),
    final: (done) => void settle(end?.() ?? Promise.resolve(), done),
    destroy: (error, done) => {
      if (error !== null) fail?.(error)
      done(error)
    },
  })
}

async function settle(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  const error = await work.then(
    () => null,
    (failed: unknown) => (failed instanceof Error ? failed : new Error(String(failed))),
  )
  done(error)
}

function send(message: OutgoingMessage, chunks: Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = (error: Error | null | undefined) => (error ? reject(error) : resolve())
    message.cork()
    chunks.forEach((chunk, at) => message.write(chunk, at === chunks.length - 1 ? sent : undefined))
    message.uncork()
  })
}

/** What is left of chunks after their first so many bytes. */
function without(chunks: Buffer[], bytes: number): Buffer[] {
  let skipped = 0
  return chunks.flatMap((chunk) => {
    const inChunk = Math.min(chunk.length, bytes - skipped)
    skipped += inChunk
    return inChunk === chunk.length ? [] : [chunk.subarray(inChunk)]
  })
}

/**
 * Frees what an HTTP client reads from `connection`, from now on: its parser, which reads first, hands on copies. Whoever
 * else reads from it sees nothing.
 */
export function freeAsRead(connection: Duplex): void {
  if (connection instanceof Socket) connection.on('data', giveBack)
}

/** Frees the memory of bytes that are all of it: a view of something larger may have neighbours. */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0)
}
