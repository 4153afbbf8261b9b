import { randomUUID } from 'node:crypto'
import { link, open, readFile, readlink, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import { jsonOrNothing } from '#server/json.ts'

/** How long to wait for a lock. It is held for a few system calls, so this means that something is wrong. */
const LOCK_WAIT_MS = 10_000
const LOCK_POLL_MS = 5

/** A lock of a process that cannot be seen from here (another container) counts as left behind after so long. */
const UNSEEN_OWNER_MS = 60_000

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), namespace: z.string(), nonce: z.string() })
type Owner = z.infer<typeof ownerSchema>

/**
 * Runs `body` while no other process holds `path`. The lock is a file that names its owner, linked into place (which
 * succeeds for one only), so that what a killed process, or a machine without power, left behind is recognised and taken
 * over.
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
    const abandoned = await abandonedLock(path)
    if (abandoned !== undefined) await takeAway(path, abandoned)
    else if (Date.now() > deadline)
      throw new AppError('unavailable', `The lock ${path} is not released.`, {
        advice: 'If no other Devex uses this folder, delete the file.',
      })
    else await pause(LOCK_POLL_MS)
  }
}

/** Removes an abandoned lock. Only one may, or the second would remove the lock of whoever came after the first. */
async function takeAway(path: string, abandoned: string): Promise<void> {
  await withFileLock(`${path}.${abandoned}.dead`, async () => {
    if ((await lockAt(path))?.nonce === abandoned) await unlink(path)
  })
}

/** The nonce of the lock at `path`, if nobody holds it any more. */
async function abandonedLock(path: string): Promise<string | undefined> {
  const lock = await lockAt(path)
  if (lock === undefined) return undefined
  if (lock.owner === 'lost') return lock.nonce
  const { owner, nonce } = lock
  const here = await thisProcess()
  if (owner.namespace === here.namespace) return (await startOf(owner.pid)) === owner.started ? undefined : nonce
  const age = await stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0) // prettier-ignore
  return age > UNSEEN_OWNER_MS ? nonce : undefined
}

/**
 * The lock at `path`, if there is one. Written whole before it is linked, but not flushed: one that is empty or torn is
 * from before a crash of the machine, so nobody holds it. Its inode then stands for the nonce.
 */
async function lockAt(path: string): Promise<{ owner: Owner | 'lost'; nonce: string } | undefined> {
  try {
    await using handle = await open(path)
    const content = jsonOrNothing(await handle.readFile('utf8'))
    if (content === undefined) return { owner: 'lost', nonce: `inode-${(await handle.stat()).ino}` }
    const owner = ownerSchema.parse(content)
    return { owner, nonce: owner.nonce }
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
