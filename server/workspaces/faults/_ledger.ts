import { sha256 } from '#snapshot/hash.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'

/** Largest file that is written, in characters: some need several frames of a pack, most are small. */
const MAX_CHARS = 120_000
const USUAL_CHARS = 2000

interface Edits {
  /** What was handed to the product, newest last; index 0 is the file's absence. */
  versions: (string | undefined)[]
  /** The newest that was acknowledged as written. */
  acknowledged: number
  /** The newest that was acknowledged as backed up. */
  backedUp: number
}

/**
 * What was written and what was promised about it. Each content is one that was never written before, so that it tells
 * its version: a mix of two is none.
 */
export interface Ledger {
  /** A new content for a file, a `short` one of two lines. Until it is acknowledged it may be there or not. */
  attempt(file: string, length?: 'short'): { version: number; content: string }
  acknowledge(file: string, version: number): void
  /** What is acknowledged now; to be handed to `backUp` once a save that began afterwards is reported. */
  mark(): ReadonlyMap<string, number>
  backUp(mark: ReadonlyMap<string, number>): void
  /** A volume was lost with all that was only there: what is found is what there is. */
  settle(found: ReadonlyMap<string, string>): void
  files(): string[]
  /** What is wrong about `found`, in sentences: nothing lost, nothing torn. */
  faultsOf(found: ReadonlyMap<string, string>, promise: 'acknowledged' | 'backedUp'): string[]
}

export function createLedger(random: Random): Ledger {
  const all = new Map<string, Edits>()
  const of = (file: string): Edits => {
    const known = all.get(file)
    if (known !== undefined) return known
    const fresh: Edits = { versions: [undefined], acknowledged: 0, backedUp: 0 }
    all.set(file, fresh)
    return fresh
  }
  return {
    attempt: (file, length) => {
      const { versions } = of(file)
      const version = versions.length
      const chars = length === 'short' ? 0 : random.int(10) === 0 ? MAX_CHARS : USUAL_CHARS
      const content = contentOf(`${file} ${version} ${random.int(2 ** 32)}`, chars)
      versions.push(content)
      return { version, content }
    },
    acknowledge: (file, version) => {
      const edits = of(file)
      edits.acknowledged = Math.max(edits.acknowledged, version)
    },
    mark: () => new Map([...all].map(([file, { acknowledged }]) => [file, acknowledged])),
    backUp: (mark) => {
      for (const [file, version] of mark) of(file).backedUp = Math.max(of(file).backedUp, version)
    },
    settle: (found) => {
      for (const [file, edits] of all) {
        const version = edits.versions.lastIndexOf(found.get(file))
        edits.acknowledged = Math.max(version, 0)
      }
    },
    files: () => [...all.keys()],
    faultsOf: (found, promise) =>
      [...all].flatMap(([file, edits]) => {
        const version = edits.versions.lastIndexOf(found.get(file))
        if (version === -1) return [`${file} is torn: its content was never written.`]
        const promised = edits[promise]
        return version < promised ? [`${file} is lost: version ${promised} was promised, ${version} is there.`] : []
      }),
  }
}

/** Text that does not compress well, ends with its own sum, and has `name` in its first line. */
function contentOf(name: string, chars: number): string {
  let text = `${name}\n`
  for (let sum = sumOf(name); text.length < chars; sum = sumOf(sum)) text += `${sum}\n`
  return `${text}${sumOf(text)}\n`
}

function sumOf(text: string): string {
  return sha256(Buffer.from(text))
}
