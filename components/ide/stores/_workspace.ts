import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { parentOf } from '#protocol/paths.ts'
import type { WireError } from '#protocol/errors.ts'
import { Transfers } from './transfers.ts'
import type { UploadSource } from './transfers.ts'
import type { TakenNames } from './upload-batch.ts'

const REPL = 'r000000000000000'

/** How a path is answered otherwise than with being written: refused in these words, with a cut line, or not at all. */
type Behaviour = WireError | 'cut' | 'silent'

/** A workspace behind HTTP that keeps to `If-None-Match: *`, and the page's transfers into it. */
export async function workspace(content: Record<string, string>, { stallMs }: { stallMs?: number } = {}) {
  const files = new Map(Object.entries(content))
  const behaviours = new Map<string, Behaviour>()
  const asked: string[] = []
  /** Paths in the order in which their requests came. */
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(`/r/${REPL}/files/`, ''))
    requests.push(path)
    const behaviour = behaviours.get(path)
    if (behaviour === 'cut') return void request.destroy()
    if (behaviour === 'silent') return
    void receive(request).then((body) => {
      if (body !== undefined) answer(path, { body, request, response })
    })
  })

  function answer(
    path: string,
    { body, request, response }: { body: string; request: IncomingMessage; response: ServerResponse },
  ): void {
    const behaviour = behaviours.get(path)
    if (typeof behaviour === 'object') return void response.writeHead(400).end(JSON.stringify({ error: behaviour }))
    const isTaken = request.headers['if-none-match'] === '*' && files.has(path)
    if (!isTaken) files.set(path, body)
    response.writeHead(isTaken ? 412 : 201).end('{}')
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const hidden = new Set<string>()
  const tree = {
    list: async () => undefined,
    children: (folder: string) => [...files.keys()].filter((path) => parentOf(path) === folder && !hidden.has(path)),
  }
  const options = { origin: `http://127.0.0.1:${port}`, ...(stallMs !== undefined && { stallMs }) }
  const transfers = new Transfers(REPL, tree, options)
  return {
    files,
    behaviours,
    requests,
    hidden,
    transfers,
    asked,
    /** Answers every question from now on. */
    answer: (choice: TakenNames) =>
      transfers.question.subscribe(() => {
        const question = transfers.question.getSnapshot()
        if (question === undefined) return
        asked.push(`${question.taken.join(' ')} of ${question.total}`)
        question.answer(choice)
      }),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** The body; nothing where it was not sent to its end. */
async function receive(request: IncomingMessage): Promise<string | undefined> {
  return text(request).catch(() => undefined)
}

/** Files as they are picked. */
export function sources(files: Record<string, string>): UploadSource[] {
  return Object.entries(files).map(([path, content]) => ({ path, blob: new Blob([content]) }))
}
