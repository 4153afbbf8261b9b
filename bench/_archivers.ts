import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Something that saves a folder and gives it back; each call says how long it took, in milliseconds. */
export interface Archiver {
  save(): Promise<number>
  restore(target: string): Promise<number>
  /** Bytes in its store. */
  storedBytes(): Promise<number>
  /** What a call costs that does nothing. */
  nothing(): Promise<number>
}

/** restic with a repository in `folder`, as its users run it: a process per call, which opens the repository with its password. */
export async function createRestic(source: string, folder: string): Promise<Archiver> {
  const repository = join(folder, 'repository')
  const restic = (parameters: string[], cwd = source) =>
    timed(
      'env',
      [
        `RESTIC_REPOSITORY=${repository}`,
        'RESTIC_PASSWORD=bench',
        `RESTIC_CACHE_DIR=${join(folder, 'cache')}`,
        'restic',
        '--quiet',
        ...parameters,
      ],
      cwd,
    )
  await restic(['init'])
  return {
    save: () => restic(['backup', '.']),
    restore: (target) => restic(['restore', 'latest', '--target', target]),
    storedBytes: () => bytesIn(repository),
    nothing: () => restic(['cat', 'config']),
  }
}

/** A plain archive: `tar | zstd`, with all cores. It knows nothing of changes. */
export function createTar(source: string, folder: string): Archiver {
  const archive = join(folder, 'archive.tar.zst')
  return {
    save: () => timed('sh', ['-c', `tar -cf - . | zstd -q -f -T0 -o ${archive}`], source),
    restore: (target) => {
      mkdirSync(target, { recursive: true })
      return timed('sh', ['-c', `zstd -q -d -c ${archive} | tar -xpf -`], target)
    },
    storedBytes: () => bytesIn(archive),
    nothing: () => timed('tar', ['--version'], source),
  }
}

async function timed(program: string, parameters: string[], cwd: string): Promise<number> {
  const started = performance.now()
  await run(program, parameters, { cwd })
  return performance.now() - started
}

async function bytesIn(path: string): Promise<number> {
  const { stdout } = await run('du', ['-sb', path])
  return Number(stdout.split('\t')[0])
}
