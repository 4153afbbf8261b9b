import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import {
  INTERNAL_ROUTES,
  commitRequestSchema,
  downloadsRequestSchema,
  uploadsRequestSchema,
} from '#protocol/adoption.ts'

/** The repl's head, as a sidecar is told of it. */
interface Head {
  manifest: string | null
  etag: string | null
}

/** The least that a sidecar needs of a control plane, with its objects in memory: whoever asks is believed. */
export class RehearsalControlPlane implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.#answer(request).then(
      (body) => response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body)),
      () => response.writeHead(400).end(),
    )
  })
  readonly #objects = new Map<string, Buffer>()
  #head: Head = { manifest: null, etag: null }
  readonly socket: string

  private constructor(socket: string) {
    this.socket = socket
  }

  /** Listens on a Unix socket. */
  static async start(socket: string): Promise<RehearsalControlPlane> {
    const controlPlane = new RehearsalControlPlane(socket)
    controlPlane.#server.listen(socket)
    await once(controlPlane.#server, 'listening')
    return controlPlane
  }

  get head(): Head {
    return this.#head
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const path = request.url ?? ''
    const body = await buffer(request)
    if (path.startsWith(INTERNAL_ROUTES.objects)) {
      if (request.method === 'PUT') this.#objects.set(path, body)
      return partOf(this.#objects.get(path), request.headers.range)
    }
    const where = (name: string) => ({ url: `${INTERNAL_ROUTES.objects}${name}`, headers: {} })
    const json: unknown = body.length === 0 ? undefined : JSON.parse(body.toString('utf8'))
    switch (path) {
      case INTERNAL_ROUTES.uploads:
        return { uploads: uploadsRequestSchema.parse(json).objects.map(({ name }) => where(name)) }
      case INTERNAL_ROUTES.downloads:
        return { downloads: downloadsRequestSchema.parse(json).objects.map(where) }
      case INTERNAL_ROUTES.commit: {
        const { manifest } = commitRequestSchema.parse(json)
        this.#head = { manifest, etag: manifest }
        return { etag: manifest }
      }
      case INTERNAL_ROUTES.head:
        return this.#head
      default:
        return {}
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

function partOf(object: Buffer | undefined, range = ''): Buffer {
  if (object === undefined) throw new Error('There is no such object.')
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  return first === undefined ? object : object.subarray(Number(first), Number(last) + 1)
}
