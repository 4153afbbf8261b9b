import type { ChunkRef } from '#snapshot/entry.ts'
import { PACK_TARGET_BYTES } from '#snapshot/limits.ts'
import { PackBuilder } from '#snapshot/pack.ts'
import type { Pack } from '#snapshot/pack.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAX_TRANSFERS } from '../limits.ts'

/** What lies in the store for sure: chunks by name, and the size of each pack. It outlives a save that failed halfway. */
export interface StoredChunks {
  refs: Map<string, ChunkRef>
  packBytes: Map<string, number>
}

/**
 * Fills packs with the chunks that the store lacks and uploads them, a few at a time: `add` waits while all of them are
 * on their way, which bounds memory. A chunk counts as stored once its pack is.
 */
export class Uploader {
  readonly #controlPlane: ControlPlane
  readonly #stored: StoredChunks
  readonly #onBytes: (sentBytes: number, knownBytes: number) => void
  #builder = new PackBuilder()
  #underWay = new Map<PackBuilder, Promise<void>>()
  #failure: { error: unknown } | undefined
  #sentBytes = 0
  #knownBytes = 0

  constructor(
    controlPlane: ControlPlane,
    stored: StoredChunks,
    onBytes: (sentBytes: number, knownBytes: number) => void = () => undefined,
  ) {
    this.#controlPlane = controlPlane
    this.#stored = stored
    this.#onBytes = onBytes
  }

  /** Takes a chunk, unless it is in the store or on its way there. Throws what an earlier upload failed with. */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    if (this.#stored.refs.has(name) || this.#isPending(name)) return
    this.#builder.add(name, bytes)
    if (this.#builder.rawBytes < PACK_TARGET_BYTES) return
    this.#dispatch()
    while (this.#underWay.size >= MAX_TRANSFERS) await Promise.race(this.#underWay.values())
    this.#throwFailure()
  }

  /** Uploads what is left and waits for everything. */
  async finish(): Promise<void> {
    this.#dispatch()
    await Promise.all(this.#underWay.values())
    this.#throwFailure()
  }

  /** Uploads one finished pack. */
  async store(pack: Pack): Promise<void> {
    this.#knownBytes += pack.bytes.length
    this.#onBytes(this.#sentBytes, this.#knownBytes)
    await this.#controlPlane.upload(`packs/${pack.sha256}`, pack.bytes)
    this.#sentBytes += pack.bytes.length
    this.#onBytes(this.#sentBytes, this.#knownBytes)
    this.#stored.packBytes.set(pack.sha256, pack.bytes.length)
    for (const [name, ref] of pack.refs) this.#stored.refs.set(name, ref)
  }

  #isPending(name: string): boolean {
    return this.#builder.has(name) || this.#underWay.keys().some((builder) => builder.has(name))
  }

  #dispatch(): void {
    const builder = this.#builder
    this.#builder = new PackBuilder()
    const upload = async () => {
      try {
        const pack = await builder.seal()
        if (pack !== undefined) await this.store(pack)
      } catch (error) {
        this.#failure ??= { error }
      } finally {
        this.#underWay.delete(builder)
      }
    }
    this.#underWay.set(builder, upload())
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
