import type { z } from 'zod'
import type { commitRequestSchema } from '#protocol/adoption.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { SealedDraft } from './draft.ts'

export type SaveReason = z.infer<typeof commitRequestSchema>['reason']

/** The repl's newest snapshot as the control plane last told it. */
export interface KnownHead {
  manifest: string | null
  etag: string | null
}

/** How often a commit is repeated after the head turned out to be another than thought. */
const MAX_COMMIT_ATTEMPTS = 3

/** Makes snapshots the repl's newest, one after the other, by compare-and-set. */
export class HeadWriter {
  readonly #controlPlane: ControlPlane
  #head: KnownHead | undefined

  /** Without a head: it is asked for first of all. */
  constructor(controlPlane: ControlPlane, head: KnownHead | undefined) {
    this.#controlPlane = controlPlane
    this.#head = head
  }

  /** Makes the manifest the head, unless it is already. */
  async commit(sealed: SealedDraft, reason: SaveReason): Promise<void> {
    const manifest = `manifests/${sealed.manifest.sha256}`
    this.#head ??= await this.#controlPlane.head()
    if (this.#head.manifest === manifest) return
    await this.#controlPlane.upload(manifest, sealed.manifest.bytes)
    for (let attempt = 1; ; attempt += 1) {
      try {
        const request = { manifest, ifMatch: this.#head.etag, files: sealed.files, bytes: sealed.bytes, reason }
        this.#head = { manifest, etag: await this.#controlPlane.commit(request) }
        return
      } catch (error) {
        if (!(error instanceof SidecarError) || error.code !== 'conflict' || attempt === MAX_COMMIT_ATTEMPTS)
          throw error
        // Another head than thought: an answer was lost, or the control plane moved it. Asking fails if this
        // generation is over, so only the repl's own newest sandbox comes past this.
        this.#head = await this.#controlPlane.head()
      }
    }
  }
}
