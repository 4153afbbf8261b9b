import type { ChunkRef } from '#snapshot/entry.ts'

const HASH_BYTES = 32
/** Pack (its number), frame start, frame bytes, offset, bytes. */
const COLUMNS = 5
const FIRST_CAPACITY = 1024

/**
 * Which chunks lie in the store, and where: about 60 bytes each, outside the heap, since there may be a hundred
 * thousand. What was put in a pack that no snapshot names any more does not count: the store may have dropped it.
 */
export class ChunkTable {
  #count = 0
  #hashes: Buffer = Buffer.alloc(FIRST_CAPACITY * HASH_BYTES)
  #rows = new Uint32Array(FIRST_CAPACITY * COLUMNS)
  /** Open addressing: number of a chunk plus one, or 0. Twice as many as there can be chunks. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2)
  #packs: { name: string; bytes: number; isLive: boolean }[] = []
  #packNumbers = new Map<string, number>()
  readonly #key = Buffer.alloc(HASH_BYTES)

  has(name: string): boolean {
    return this.#find(name) !== undefined
  }

  get(name: string): ChunkRef | undefined {
    const at = this.#find(name)
    return at === undefined ? undefined : this.#refAt(at, name)
  }

  /** Size of a pack; `undefined` for one that is not known to be in the store. */
  packBytes(pack: string): number | undefined {
    return this.#packs[this.#packNumbers.get(pack) ?? -1]?.bytes
  }

  /** A pack lies in the store. */
  addPack(pack: string, bytes: number): void {
    const number = this.#packNumbers.get(pack)
    const known = number === undefined ? undefined : this.#packs[number]
    if (known !== undefined) known.isLive = true
    else {
      this.#packNumbers.set(pack, this.#packs.length)
      this.#packs.push({ name: pack, bytes, isLive: true })
    }
  }

  /** A chunk lies in a pack that was added. */
  add(ref: ChunkRef): void {
    const pack = this.#packNumbers.get(ref.pack)
    if (pack === undefined) throw new Error(`pack ${ref.pack} of chunk ${ref.sha256} is not known`)
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow()
    const slot = this.#slotOf(ref.sha256)
    const known = this.#slots[slot] ?? 0
    const at = known === 0 ? this.#count : known - 1
    if (known === 0) {
      this.#key.copy(this.#hashes, at * HASH_BYTES)
      this.#slots[slot] = at + 1
      this.#count += 1
    }
    this.#rows.set([pack, ref.frameStart, ref.frameBytes, ref.offset, ref.bytes], at * COLUMNS)
  }

  /** Only what lies in these packs counts from now on. */
  keepOnly(packs: ReadonlySet<string>): void {
    let [live, livePacks] = [0, 0]
    for (const pack of this.#packs) {
      pack.isLive = packs.has(pack.name)
      if (pack.isLive) livePacks += 1
    }
    for (let at = 0; at < this.#count; at += 1) if (this.#isLive(at)) live += 1
    if (isMostlyDead(live, this.#count) || isMostlyDead(livePacks, this.#packs.length)) this.#rebuild()
    else for (const pack of this.#packs) if (!pack.isLive) this.#packNumbers.delete(pack.name)
  }

  /** Without what does not count any more. */
  #rebuild(): void {
    const table = new ChunkTable()
    for (const pack of this.#packs) if (pack.isLive) table.addPack(pack.name, pack.bytes)
    for (let at = 0; at < this.#count; at += 1)
      if (this.#isLive(at))
        table.add(this.#refAt(at, this.#hashes.toString('hex', at * HASH_BYTES, (at + 1) * HASH_BYTES)))
    this.#count = table.#count
    this.#hashes = table.#hashes
    this.#rows = table.#rows
    this.#slots = table.#slots
    this.#packs = table.#packs
    this.#packNumbers = table.#packNumbers
  }

  #find(name: string): number | undefined {
    const known = this.#slots[this.#slotOf(name)] ?? 0
    return known !== 0 && this.#isLive(known - 1) ? known - 1 : undefined
  }

  #isLive(at: number): boolean {
    return this.#packs[this.#rows[at * COLUMNS] ?? -1]?.isLive === true
  }

  #refAt(at: number, name: string): ChunkRef {
    const [pack = 0, frameStart = 0, frameBytes = 0, offset = 0, bytes = 0] = this.#rows.subarray(
      at * COLUMNS,
      (at + 1) * COLUMNS,
    )
    return { sha256: name, pack: this.#packs[pack]?.name ?? '', frameStart, frameBytes, offset, bytes }
  }

  /** The slot of a name, or the free one where it would go. A hash is as good as random: its first bytes say where to look. */
  #slotOf(name: string): number {
    this.#key.write(name, 'hex')
    const mask = this.#slots.length - 1
    let slot = this.#key.readUInt32LE(0) & mask
    for (; ; slot = (slot + 1) & mask) {
      const known = this.#slots[slot] ?? 0
      if (known === 0) return slot
      const start = (known - 1) * HASH_BYTES
      if (this.#key.compare(this.#hashes, start, start + HASH_BYTES) === 0) return slot
    }
  }

  #grow(): void {
    const hashes = Buffer.alloc(this.#hashes.length * 2)
    this.#hashes.copy(hashes)
    this.#hashes = hashes
    const rows = new Uint32Array(this.#rows.length * 2)
    rows.set(this.#rows)
    this.#rows = rows
    this.#slots = new Uint32Array(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    for (let at = 0; at < this.#count; at += 1) {
      let slot = hashes.readUInt32LE(at * HASH_BYTES) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = at + 1
    }
  }
}

/** Whether enough of them is dead to be worth the work. */
function isMostlyDead(live: number, all: number): boolean {
  return live * 2 < all && all > FIRST_CAPACITY
}
