import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMarker, restoredNow, writeMarker } from './adoption-marker.ts'
import { memoryStore } from './snapshot/memory-store.ts'
import { emptyVolume, makeRoots, restoreVolume } from './snapshot/restorer.ts'
import { Saver } from './snapshot/saver.ts'

/** Beside the sidecar's own files, where no program of the user reaches. */
const FOLDER = 'rehearsal'

/** A repl that is none. */
const NOBODY = { repl: '0'.repeat(16), generation: 1 }

/**
 * Saves and restores a file of its own, in folders of its own, while nobody waits for this sandbox: what V8 and Node do
 * when they meet something for the first time is then done. Nothing depends on it.
 */
export async function rehearse(stateDir: string): Promise<void> {
  const folder = join(stateDir, FOLDER)
  rmSync(folder, { recursive: true, force: true })
  try {
    const options = { volumeDir: join(folder, 'volume'), stateDir: join(folder, 'state'), controlPlane: memoryStore() }
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 })
    mkdirSync(options.volumeDir)
    makeRoots(options.volumeDir)
    writeFileSync(join(options.volumeDir, 'workspace', 'file'), 'rehearsal')
    const { snapshot } = await new Saver(options).save('auto', () => undefined)

    readMarker(options.stateDir)
    emptyVolume(options.volumeDir)
    await restoreVolume(`manifests/${snapshot}`, { ...options, onFile: () => undefined })
    await writeMarker(options.stateDir, restoredNow(NOBODY))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
