import { once } from 'node:events'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import { newId } from '#protocol/ids.ts'
import type { RequestType } from '#protocol/messages.ts'

const LIMIT_MS = 30_000

const answerSchema = z.object({ id: z.int(), result: z.unknown().optional(), error: z.unknown().optional() })
const createdSchema = z.object({ terminal: z.object({ id: z.string() }) })
const attachedSchema = z.object({ channel: z.int() })

/** Asks of a runner what a page asks of it when it opens, and runs a command in a terminal. */
export async function useRunner(socketPath: string, token: string): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const socket = new WebSocket(`ws+unix:${socketPath}:${RUNNER_ROUTES.socket}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  // Given up below, it may still fail.
  socket.on('error', () => undefined)
  try {
    await once(socket, 'open', { signal })
    await visit(socket, signal)
  } finally {
    socket.terminate()
  }
}

async function visit(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const answered = new Map<number, (answer: z.infer<typeof answerSchema>) => void>()
  const { promise: said, resolve: onSaid } = Promise.withResolvers<void>()
  const { promise: late, reject: onLate } = Promise.withResolvers<never>()
  late.catch(() => undefined)
  signal.addEventListener('abort', () => onLate(new Error('The runner was too slow.')), { once: true })
  let output = ''
  socket.on('message', (data, isBinary) => {
    if (!Buffer.isBuffer(data)) return
    if (!isBinary) {
      const answer = answerSchema.safeParse(JSON.parse(data.toString('utf8')))
      if (answer.success) answered.get(answer.data.id)?.(answer.data)
      return
    }
    const frame = decodeFrame(data)
    if (frame?.kind !== 'output') return
    const offset = frame.offset + frame.payload.length
    socket.send(encodeFrame({ kind: 'ack', channel: frame.channel, offset, payload: new Uint8Array() }))
    output += Buffer.from(frame.payload).toString('utf8')
    // What is typed is echoed: only the sum in it is the shell's own word.
    if (output.includes('rehearsed=2')) onSaid()
  })
  let lastId = 0
  const ask = async (type: RequestType, params: object = {}): Promise<unknown> => {
    const id = ++lastId
    const answer = new Promise<z.infer<typeof answerSchema>>((resolve) => void answered.set(id, resolve))
    socket.send(JSON.stringify({ id, type, params }))
    const { result, error } = await Promise.race([answer, late])
    if (error !== undefined) throw new Error(`${type}: ${JSON.stringify(error)}`)
    return result
  }

  await Promise.all([ask('terminal.list'), ask('run.get'), ask('ports.list'), ask('files.list', { path: '' })])
  // Of another name than what was restored.
  const path = `${newId()}.txt`
  await ask('files.write', { path, content: 'by a page\n', ifMatch: null })
  await ask('files.read', { path })
  const { terminal } = createdSchema.parse(await ask('terminal.create', { cols: 80, rows: 24 }))
  const { channel } = attachedSchema.parse(await ask('terminal.attach', { terminal: terminal.id, since: 0 }))
  const payload = Buffer.from('echo "rehearsed=$((1+1))"\r')
  socket.send(encodeFrame({ kind: 'input', channel, offset: 0, payload }))
  await Promise.race([said, late])
}
