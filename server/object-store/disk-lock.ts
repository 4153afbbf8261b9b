import { randomUUID } from 'node:crypto'
import { link, readFile, readlink, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'

/** How long to wait for a lock. It is held for a few system calls, so this means that something is wrong. */
const LOCK_WAIT_MS = 10_000
const LOCK_POLL_MS = 5

/** A lock of a process that cannot be seen from here (another container) counts as left behind after so long. */
const UNSEEN_OWNER_MS = 60_000

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), namespace: z.string(), nonce: z.string() })
type Owner = z.infer<typeof ownerSchema>

/**
 * Runs `body` while no other process holds `path`. The lock is a file that names its owner, linked into place (which
 * succeeds for one only), so that what a killed process left behind is recognised and taken over.
 */
export async function withFileLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  const owner = await thisProcess()
  const draft = `${path}.${owner.nonce}`
  await writeFile(draft, JSON.stringify(owner))
  try {
    await acquire(path, draft)
  } finally {
    await unlink(draft)
  }
  try {
    return await body()
  } finally {
    await unlink(path)
  }
}

async function acquire(path: string, draft: string): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS
  for (;;) {
    try {
      await link(draft, path)
      return
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
    const abandoned = await abandonedOwner(path)
    if (abandoned !== undefined) await takeAway(path, abandoned)
    else if (Date.now() > deadline)
      throw new AppError('unavailable', `The lock ${path} is not released.`, {
        advice: 'If no other Devex uses this folder, delete the file.',
      })
    else await pause(LOCK_POLL_MS)
  }
}

/** Removes a dead owner's lock. Only one may, or the second would remove the lock of whoever came after the first. */
async function takeAway(path: string, dead: Owner): Promise<void> {
  await withFileLock(`${path}.${dead.nonce}.dead`, async () => {
    if ((await ownerOf(path))?.nonce === dead.nonce) await unlink(path)
  })
}

async function abandonedOwner(path: string): Promise<Owner | undefined> {
  const owner = await ownerOf(path)
  if (owner === undefined) return undefined
  const here = await thisProcess()
  if (owner.namespace === here.namespace) return (await startOf(owner.pid)) === owner.started ? undefined : owner
  const age = await stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0) // prettier-ignore
  return age > UNSEEN_OWNER_MS ? owner : undefined
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function thisProcess(): Promise<Owner> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => 'none')
  return { pid: process.pid, started: (await startOf(process.pid)) ?? '', namespace, nonce: randomUUID() }
}

/** When process `pid` began, in a form to compare: a number is given to another process later. `undefined`: it is gone. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8')
    // Field 22 of proc(5); the second, a name in brackets, may hold anything.
    return status.slice(status.lastIndexOf(')')).split(' ')[20]
  } catch {
    return isAlive(pid) ? 'unknown' : undefined
  }
}

/** Where there is no /proc. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

/** Whether `error` is the system's `code`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
