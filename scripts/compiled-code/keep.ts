import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CODE_SUFFIX } from '#wire/program.ts'
import { RehearsalControlPlane } from './control-plane.ts'
import { Life, PARTS } from './life.ts'

/**
 * Lets the runner and the sidecar in `folder` live through what every sandbox goes through, and keeps beside them what V8
 * compiled for that (`runner-image/wire/program.ts`): what no life has met is compiled while somebody waits for it.
 */
export async function keepCompiledCode(folder: string): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'devex-build-'))
  try {
    await using controlPlane = await RehearsalControlPlane.start(join(home, 'control.sock'))
    // The first leaves something behind for the second to restore.
    for (const name of ['first', 'second']) {
      await using life = await Life.begin({ folder, home: join(home, name), controlPlane })
      await life.goThrough().catch((error: unknown) => {
        console.warn('Only what a start needs is compiled ahead: sandboxes will be slower to open.', error)
      })
    }
    for (const part of PARTS) await access(join(folder, `${part}${CODE_SUFFIX}`))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
