import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMarker, restoredNow, writeMarker } from './adoption-marker.ts'
import type { ControlPlane } from './control-plane-client.ts'
import { SidecarError } from './sidecar-error.ts'
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
    const options = { volumeDir: join(folder, 'volume'), stateDir: join(folder, 'state'), controlPlane: inMemory() }
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

/** A control plane whose store is this process. */
function inMemory(): ControlPlane {
  const objects = new Map<string, Buffer>()
  return {
    head: async () => ({ manifest: null, etag: null }),
    upload: async (name, bytes) => void objects.set(name, Buffer.from(bytes)),
    download: async (name, { range }) => {
      const bytes = objects.get(name)
      if (bytes === undefined) throw new SidecarError('not_found', `There is no ${name}.`)
      return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
    },
    announceDownloads: async () => undefined,
    commit: async ({ manifest }) => manifest,
    report: async () => undefined,
    ask: async () => {
      throw new SidecarError('not_supported', 'Nothing else is asked for.')
    },
    [Symbol.dispose]: () => undefined,
  }
}
