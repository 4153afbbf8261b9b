import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

const CHUNK_BYTES = 64 * 1024

/** As much of a browser's `XMLHttpRequest` as sending a file needs, over Node's HTTP: for `vi.stubGlobal`. */
export class NodeXhr extends EventTarget {
  readonly upload = new EventTarget()
  responseType = ''
  status = 0
  response: unknown = null
  #method = ''
  #url = ''
  readonly #headers: Record<string, string> = {}
  #request: ClientRequest | undefined
  #isAborted = false

  open(method: string, url: string): void {
    this.#method = method
    this.#url = url
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value
  }

  send(body: Blob): void {
    this.#send(body).catch(() => this.#fail())
  }

  abort(): void {
    this.#isAborted = true
    this.#request?.destroy()
  }

  async #send(body: Blob): Promise<void> {
    // A file that is gone fails here, as it does in a browser: with the same event as a line that breaks.
    const bytes = new Uint8Array(await body.arrayBuffer())
    if (this.#isAborted) return
    const headers = { ...this.#headers, 'content-length': bytes.byteLength }
    const request = httpRequest(this.#url, { method: this.#method, headers })
    this.#request = request
    request.on('error', () => this.#fail())
    request.on('response', (response) => void this.#answered(response).catch(() => this.#fail()))
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, bytes.byteLength)
      request.write(bytes.subarray(at, end), (error) => {
        if (error === undefined || error === null) this.upload.dispatchEvent(progress(end))
      })
    }
    request.end()
  }

  async #answered(response: IncomingMessage): Promise<void> {
    const body = await text(response)
    this.status = response.statusCode ?? 0
    this.response = parse(body)
    this.dispatchEvent(new Event('load'))
  }

  #fail(): void {
    if (!this.#isAborted) this.dispatchEvent(new Event('error'))
  }
}

function progress(loaded: number): Event {
  return Object.assign(new Event('progress'), { loaded })
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
