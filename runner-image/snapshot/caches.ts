import type { Root } from './entry.ts'

/**
 * Folders that no snapshot holds: each is refilled by the tool that made it, and would otherwise be most of what a save
 * sends. Paths relative to their root.
 */
export const CACHES: Record<Root, ReadonlySet<string>> = {
  workspace: new Set(),
  home: new Set([
    '.cache',
    '.npm/_cacache',
    '.npm/_logs',
    '.npm/_npx',
    '.yarn/berry/cache',
    '.bun/install/cache',
    '.local/share/pnpm/store',
    '.cargo/registry',
    '.gradle/caches',
    'go/pkg/mod',
  ]),
}

/** Whether a path (relative to the volume: `home/.cache/x`) lies in a cache. */
export function isInCache(volumePath: string): boolean {
  const [root, ...names] = volumePath.split('/')
  if (root !== 'workspace' && root !== 'home') return false
  return names.some((_, at) => CACHES[root].has(names.slice(0, at + 1).join('/')))
}
