import { z } from 'zod'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import { mustOpen } from '#server/gateway/_client.ts'

const REPLY_LIMIT_MS = 20_000

const answerSchema = z.union([
  z.object({ id: z.int(), result: z.unknown() }),
  z.object({ id: z.int(), error: z.looseObject({ code: z.string(), message: z.string() }) }),
])
const readSchema = z.object({ content: z.string().optional(), etag: z.string() })
const terminalSchema = z.object({ terminal: z.object({ id: z.string() }) })

/** A file as the runner has it; `undefined` where none is. */
type Found = { content: string; etag: string } | undefined

/** Somebody's connection to a repl, through the gateway to the real runner. Every call rejects once it is broken. */
export interface Editor extends Disposable {
  read(path: string): Promise<Found>
  /** Resolves to the new etag when the runner has acknowledged it. */
  write(path: string, content: string, ifMatch: string | null): Promise<string>
  /** Types a command into a shell; resolves when the shell says that it was done. */
  run(command: string): Promise<void>
}

interface Where {
  port: number
  cookie: string
  replId: string
  /** What the control plane said of late, for the message when the connection breaks. */
  log?: () => string
}

/** Opens a socket; that wakes the repl. */
export async function openEditor({ port, cookie, replId, log = () => '' }: Where): Promise<Editor> {
  const origin = `http://localhost:${port}`
  const socket = await mustOpen(port, { path: `/r/${replId}/socket`, headers: { Cookie: cookie, Origin: origin } })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  let output = ''
  let onOutput = () => {}
  socket.on('error', () => undefined)
  socket.once('close', (code, reason) => {
    broken.reject(new Error(`The socket to ${replId} closed with ${code} ${String(reason)}.\n${log()}`))
  })
  socket.on('message', (data, isBinary) => {
    if (!Buffer.isBuffer(data)) return
    if (isBinary) {
      const frame = decodeFrame(data)
      if (frame?.kind !== 'output') return
      const offset = frame.offset + frame.payload.length
      socket.send(encodeFrame({ kind: 'ack', channel: frame.channel, offset, payload: new Uint8Array() }))
      output += Buffer.from(frame.payload).toString('utf8')
      onOutput()
      return
    }
    const answer = answerSchema.safeParse(JSON.parse(data.toString('utf8')))
    if (!answer.success) return
    if ('error' in answer.data) waiting.get(answer.data.id)?.reject(new Refused(answer.data.error))
    else waiting.get(answer.data.id)?.resolve(answer.data.result)
    waiting.delete(answer.data.id)
  })

  let lastId = 0
  const request = (type: string, params: unknown): Promise<unknown> => {
    lastId += 1
    const answer = Promise.withResolvers<unknown>()
    waiting.set(lastId, answer)
    socket.send(JSON.stringify({ id: lastId, type, params }), () => undefined)
    return inTime(Promise.race([answer.promise, broken.promise]), type)
  }

  let shell: Promise<number> | undefined
  let typed = 0
  const openShell = async () => {
    const { terminal } = terminalSchema.parse(await request('terminal.create', { cols: 80, rows: 24 }))
    const attached = await request('terminal.attach', { terminal: terminal.id, since: 0 })
    return z.object({ channel: z.int() }).parse(attached).channel
  }

  return {
    read: async (path) => {
      try {
        const { content, etag } = readSchema.parse(await request('files.read', { path }))
        return { content: content ?? '', etag }
      } catch (error) {
        if (error instanceof Refused && error.code === 'not_found') return undefined
        throw error
      }
    },
    write: async (path, content, ifMatch) =>
      z.object({ etag: z.string() }).parse(await request('files.write', { path, content, ifMatch })).etag,
    run: async (command) => {
      const channel = await (shell ??= openShell())
      lastId += 1
      // What is typed is echoed: only the sum in it is the shell's own word.
      const payload = Buffer.from(`${command} && echo "done=$((${lastId}+1000000))"\r`)
      const done = new Promise<void>((resolve) => {
        onOutput = () => output.includes(`done=${lastId + 1_000_000}`) && resolve()
      })
      socket.send(encodeFrame({ kind: 'input', channel, offset: typed, payload }), () => undefined)
      typed += payload.length
      await inTime(Promise.race([done, broken.promise]), command)
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
}

/** The runner said no. */
class Refused extends Error {
  readonly code: string
  constructor({ code, message }: { code: string; message: string }) {
    super(message)
    this.code = code
  }
}

async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what}: no answer`)), REPLY_LIMIT_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
