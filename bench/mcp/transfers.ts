import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'

const LAST_GOOD_STATUS = 299

/** Brings and fetches bytes by URL as a plain program does: with `node:http`, which costs the least that Node has. */
export interface Transfers extends Disposable {
  put: (url: string, body: Uint8Array) => Promise<void>
  /** Takes all of it, and keeps nothing: an answer that breaks off is an error. */
  get: (url: string) => Promise<void>
}

/** Keeps its connections, as `fetch` does. */
export function createTransfers(): Transfers {
  const agent = new Agent({ keepAlive: true })
  const ask = (method: string, url: string, body?: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const headers = { 'content-length': body?.length ?? 0 }
      request(url, { agent, method, headers }, (answer) => void drain(answer).then(resolve, reject))
        .on('error', reject)
        .end(body)
    })
  return {
    put: (url, body) => ask('PUT', url, body),
    get: (url) => ask('GET', url),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

async function drain(answer: IncomingMessage): Promise<void> {
  answer.resume()
  await new Promise((resolve, reject) => answer.on('end', resolve).on('error', reject))
  const { statusCode = 0 } = answer
  if (statusCode > LAST_GOOD_STATUS) throw new Error(`The transfer was answered with ${statusCode}.`)
}
