import type { ChunkRef } from '#snapshot/entry.ts'
import { BufferPool } from '#snapshot/buffer-pool.ts'
import { PACK_TARGET_BYTES } from '#snapshot/limits.ts'
import { PackBuilder } from '#snapshot/pack.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { GARBAGE_BYTES, MAX_TRANSFERS } from '../limits.ts'
import { Garbage } from './garbage.ts'
import type { ChunkTable } from './chunk-table.ts'

interface UploaderOptions {
  controlPlane: ControlPlane
  /** What lies in the store. It outlives a save that failed halfway: what was sent is not sent again. */
  chunks: ChunkTable
  onBytes?: (sentBytes: number, knownBytes: number) => void
}

/**
 * Fills packs with the chunks that the store lacks and uploads them, a few at a time: `add` waits while all of them are
 * on their way, which bounds memory. A chunk counts as stored once its pack is.
 */
export class Uploader implements AsyncDisposable {
  readonly #options: UploaderOptions
  readonly #pool = new BufferPool()
  readonly #garbage = new Garbage(GARBAGE_BYTES)
  #builder = new PackBuilder(this.#pool)
  #underWay = new Map<PackBuilder, Promise<void>>()
  #failure: { error: unknown } | undefined
  #sentBytes = 0
  #knownBytes = 0

  constructor(options: UploaderOptions) {
    this.#options = options
  }

  /**
   * Takes a copy of a chunk, unless it is in the store or on its way there. What it returns, if anything, is to be
   * awaited before the next one; it throws what an earlier upload failed with.
   */
  add(name: string, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#options.chunks.has(name) || this.#isPending(name)) return undefined
    this.#builder.add(name, bytes)
    if (this.#builder.rawBytes < PACK_TARGET_BYTES) return this.#builder.untilCompressed()
    this.#dispatch()
    return this.#untilFree()
  }

  /** Where a chunk lies; `undefined` while it is on its way. */
  placeOf(name: string): ChunkRef | undefined {
    return this.#options.chunks.get(name)
  }

  /** Uploads what is left and waits for everything. */
  async finish(): Promise<void> {
    this.#dispatch()
    await Promise.all(this.#underWay.values())
    this.#throwFailure()
  }

  /** Waits for what is on its way, also after a failure: what arrives then counts as stored too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#underWay.values())
  }

  #isPending(name: string): boolean {
    return this.#builder.has(name) || this.#underWay.keys().some((builder) => builder.has(name))
  }

  async #untilFree(): Promise<void> {
    while (this.#underWay.size >= MAX_TRANSFERS) await Promise.race(this.#underWay.values())
    this.#throwFailure()
  }

  #dispatch(): void {
    const builder = this.#builder
    if (builder.rawBytes === 0) return
    this.#builder = new PackBuilder(this.#pool)
    const upload = async () => {
      try {
        await this.#send(builder)
      } catch (error) {
        this.#failure ??= { error }
      } finally {
        this.#underWay.delete(builder)
      }
    }
    this.#underWay.set(builder, upload())
  }

  async #send(builder: PackBuilder): Promise<void> {
    const { controlPlane, chunks, onBytes } = this.#options
    const pack = await builder.seal()
    if (pack === undefined) return
    this.#knownBytes += pack.bytes.length
    onBytes?.(this.#sentBytes, this.#knownBytes)
    await controlPlane.upload(`packs/${pack.sha256}`, pack.bytes)
    this.#sentBytes += pack.bytes.length
    onBytes?.(this.#sentBytes, this.#knownBytes)
    chunks.addPack(pack.sha256, pack.bytes.length)
    for (const ref of pack.refs.values()) chunks.add(ref)
    this.#pool.give(pack.bytes)
    this.#garbage.add(builder.rawBytes)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
