/**
 * Where a repl's files lie in the object store. Packs are per owner, never shared between owners: knowing a hash is not
 * a permission. Manifests and the head are the repl's own.
 */
export function packKey(ownerId: string, sha256: string): string {
  return `owners/${ownerId}/packs/${sha256}`
}

export function replPrefix(replId: string): string {
  return `repls/${replId}/`
}

export function manifestKey(replId: string, sha256: string): string {
  return `${replPrefix(replId)}manifests/${sha256}`
}

export function headKey(replId: string): string {
  return `${replPrefix(replId)}head.json`
}

/** The key of an object that a sidecar names (`packs/<sha256>`, `manifests/<sha256>`). */
export function keyOfObject(repl: { replId: string; ownerId: string }, name: string): string {
  const sha256 = name.slice(name.indexOf('/') + 1)
  return name.startsWith('packs/') ? packKey(repl.ownerId, sha256) : manifestKey(repl.replId, sha256)
}
