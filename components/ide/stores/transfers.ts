import { joinPath, parentOf } from '#protocol/paths.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import { z } from 'zod'
import type { FileTree } from './file-tree.ts'
import { RequestError } from './request-error.ts'
import { Store } from './store.ts'

/** A file on its way in. */
export interface Upload {
  path: string
  sentBytes: number
  totalBytes: number
  error?: string
}

/** A file that was picked or dropped, with its place below the target folder. */
export interface UploadSource {
  path: string
  blob: Blob
}

const errorBodySchema = z.object({ error: wireErrorSchema })

/** Files between the visitor's machine and the workspace, over `/r/<id>/files/…`: streams, any size. */
export class Transfers {
  readonly uploads = new Store<readonly Upload[]>([])
  readonly #base: string
  readonly #tree: FileTree

  constructor(replId: string, tree: FileTree) {
    this.#base = `/r/${replId}/files/`
    this.#tree = tree
  }

  /** Where a file is downloaded; a folder comes as a zip. */
  downloadUrl(path: string): string {
    return this.#base + path.split('/').map(encodeURIComponent).join('/')
  }

  /** Uploads one after the other into `folder`. Rejects with the first failure; what came before it stays. */
  async upload(sources: readonly UploadSource[], folder: string): Promise<void> {
    const uploads = sources.map((source) => ({
      path: joinPath(folder, source.path),
      sentBytes: 0,
      totalBytes: source.blob.size,
    }))
    this.uploads.set(uploads)
    try {
      for (const [index, source] of sources.entries()) {
        await this.#put(joinPath(folder, source.path), source.blob)
        this.uploads.update((all) =>
          all.map((upload, at) => (at === index ? { ...upload, sentBytes: upload.totalBytes } : upload)),
        )
      }
    } finally {
      this.uploads.set([])
      await Promise.all([...new Set(uploads.map((upload) => parentOf(upload.path)))].map((at) => this.#tree.list(at)))
    }
  }

  async #put(path: string, body: Blob): Promise<void> {
    const response = await fetch(this.downloadUrl(path), { method: 'PUT', body })
    if (response.ok) return
    const parsed = errorBodySchema.safeParse(await response.json().catch(() => undefined))
    throw new RequestError(
      parsed.success
        ? parsed.data.error
        : { code: 'unavailable', message: `"${path}" could not be uploaded (HTTP ${response.status}).`, path },
    )
  }
}
