import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { nextMove } from './script.ts'
import type { Conversation } from './script.ts'
import { readMessages, writeMessages } from './wire-anthropic.ts'
import { readGemini, writeGemini } from './wire-gemini.ts'
import { readChat, readResponses, writeChat, writeResponses } from './wire-openai.ts'

/** A model endpoint in the words of four vendors that does what prompts say (`promptFor`), so that agents run offline. */
export interface FakeModel extends AsyncDisposable {
  url: string
  /** Every conversation that it was given, oldest first. */
  heard: Conversation[]
}

/** Starts it on a free port of loopback. */
export async function startFakeModel(): Promise<FakeModel> {
  const heard: Conversation[] = []
  const server = createServer((request, response) => {
    answer(request, response, heard).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: String(error) } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the model endpoint has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, heard: Conversation[]): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://model')
  const send = (type: string, text: string) => void response.writeHead(200, { 'content-type': type }).end(text)
  const listen = (conversation: Conversation) => {
    heard.push(conversation)
    return nextMove(conversation)
  }
  if (request.method !== 'POST') return send('application/json', '{"data":[],"models":[]}')
  const body: unknown = await json(request)
  if (pathname === '/v1/messages/count_tokens') return send('application/json', '{"input_tokens":10}')
  if (pathname === '/v1/messages') return send('text/event-stream', writeMessages(listen(readMessages(body))))
  if (pathname === '/v1/responses') return send('text/event-stream', writeResponses(listen(readResponses(body))))
  if (pathname === '/v1/chat/completions') return send('text/event-stream', writeChat(listen(readChat(body))))
  if (pathname.endsWith(':countTokens')) return send('application/json', '{"totalTokens":10}')
  if (pathname.startsWith('/v1beta/')) {
    const said = JSON.stringify(writeGemini(listen(readGemini(body))))
    return searchParams.get('alt') === 'sse'
      ? send('text/event-stream', `data: ${said}\n\n`)
      : send('application/json', said)
  }
  response.writeHead(404).end()
}
