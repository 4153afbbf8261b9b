import { realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { exists } from './delete-tree.ts'
import type { HostEnv } from './environment.ts'

/** Folders whose npm is seen inside anyway. */
const SEEN_INSIDE = ['/usr/local/bin', '/usr/bin']

/**
 * The package folder of this machine's npm where it lies outside `/usr` (nvm, a tarball in somebody's home): our own Node
 * brings none, and without it a sandbox could install nothing. `undefined`: one is seen inside anyway, or there is none.
 */
export async function findNpm(hostEnv: HostEnv, seenInside = SEEN_INSIDE): Promise<string | undefined> {
  for (const folder of seenInside) if (await exists(join(folder, 'npm'))) return undefined
  for (const folder of (hostEnv['PATH'] ?? '').split(delimiter)) {
    const program = await realpath(join(folder, 'npm')).catch(() => '')
    if (program.endsWith('/npm/bin/npm-cli.js')) return dirname(dirname(program))
  }
  return undefined
}
