import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A JSON file of the sidecar's own; `undefined` if it was never written, or is empty: a crash of the machine can leave
 * that of one that is not durable, in the place of what was there before, too.
 */
export async function readStateFile(stateDir: string, name: string): Promise<unknown> {
  try {
    const text = await readFile(join(stateDir, `${name}.json`), 'utf8')
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
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const temporary = join(stateDir, `${name}.json.new`)
  {
    await using file = await open(temporary, 'w', 0o600)
    await file.writeFile(JSON.stringify(value))
    if (durable) await file.sync()
  }
  await rename(temporary, join(stateDir, `${name}.json`))
}
