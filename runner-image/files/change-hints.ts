import type { ServerResponse } from 'node:http'
import { MAX_PENDING_HINTS } from '../limits.ts'

/** Streams what changed on disk to the sidecar, one `{path}` a line, relative to the volume. A slow reader gets coarser hints. */
export class ChangeHints {
  readonly #readers = new Map<ServerResponse, Set<string>>()

  /** Answers `response` with hints until its client goes away. */
  stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    response.flushHeaders()
    this.#readers.set(response, new Set())
    response.on('drain', () => this.#flush(response))
    response.on('close', () => this.#readers.delete(response))
  }

  /** `folder` is the part of the volume; paths are below it. */
  add(folder: 'workspace' | 'home', paths: string[]): void {
    for (const [response, pending] of this.#readers) {
      for (const path of paths) pending.add(path === '' ? folder : `${folder}/${path}`)
      if (pending.size > MAX_PENDING_HINTS) {
        pending.clear()
        pending.add('workspace').add('home')
      }
      if (!response.writableNeedDrain) this.#flush(response)
    }
  }

  close(): void {
    for (const response of this.#readers.keys()) response.end()
  }

  #flush(response: ServerResponse): void {
    const pending = this.#readers.get(response)
    if (pending === undefined || pending.size === 0) return
    const lines = [...pending].map((path) => `${JSON.stringify({ path })}\n`).join('')
    pending.clear()
    response.write(lines)
  }
}
