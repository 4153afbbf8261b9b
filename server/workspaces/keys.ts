/**
 * Where a repl's files lie in the object store. Packs are per owner, never shared between owners: knowing a hash is not
 * a permission. Manifests and the head are the repl's own.
 */
export function packKey(ownerId: string, sha256: string): string {
  return `${packPrefix(ownerId)}${sha256}`
}

export function packPrefix(ownerId: string): string {
  return `owners/${ownerId}/packs/`
}

/** What of an owner is about to be deleted. */
export function collectionKey(ownerId: string): string {
  return `owners/${ownerId}/collection.json`
}

/** A mark for each repl of an owner, so that the object store alone can say which there are. */
export function ownedPrefix(ownerId: string): string {
  return `owners/${ownerId}/repls/`
}

export function ownedKey(ownerId: string, replId: string): string {
  return `${ownedPrefix(ownerId)}${replId}`
}

export function replPrefix(replId: string): string {
  return `repls/${replId}/`
}

export function manifestKey(replId: string, sha256: string): string {
  return `${manifestPrefix(replId)}${sha256}`
}

export function manifestPrefix(replId: string): string {
  return `${replPrefix(replId)}manifests/`
}

export function headKey(replId: string): string {
  return `${replPrefix(replId)}head.json`
}

/** The key of an object that a sidecar names (`packs/<sha256>`, `manifests/<sha256>`). */
export function keyOfObject(repl: { replId: string; ownerId: string }, name: string): string {
  const sha256 = name.slice(name.indexOf('/') + 1)
  return name.startsWith('packs/') ? packKey(repl.ownerId, sha256) : manifestKey(repl.replId, sha256)
}

/** The repl whose head this key is. */
export function replIdOfHead(key: string): string | undefined {
  return /^repls\/([^/]+)\/head\.json$/.exec(key)?.[1]
}
