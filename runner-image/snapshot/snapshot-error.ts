/** What stands in a store is not what the format says: damaged, tampered with, or written by a newer version. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
}
