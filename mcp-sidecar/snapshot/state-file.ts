import { closeSync, fsync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const sync = promisify(fsync)

/*
 * Small files, written and read at once: of a start that somebody waits for, the ways through the thread pool would take
 * longer than all the rest. Only forcing something to the disk may take long.
 */

/**
 * A JSON file of the sidecar's own; `undefined` if it was never written, or is empty: a crash of the machine can leave
 * that of one that is not durable, in the place of what was there before, too.
 */
export function readStateFile(stateDir: string, name: string): unknown {
  try {
    const text = readFileSync(join(stateDir, `${name}.json`), 'utf8')
    return text === '' ? undefined : JSON.parse(text)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Replaces the file as a whole: after a crash of the process it is the old one or the new one, and after one of the
 * machine too if it is `durable`.
 */
export async function writeStateFile(
  stateDir: string,
  { name, durable }: { name: string; durable: boolean },
  value: unknown,
): Promise<void> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const temporary = join(stateDir, `${name}.json.new`)
  const fd = openSync(temporary, 'w', 0o600)
  try {
    writeFileSync(fd, JSON.stringify(value))
    if (durable) await sync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, join(stateDir, `${name}.json`))
}
