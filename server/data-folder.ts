import { constants } from 'node:fs'
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'

/** Version of everything in the data folder. A newer one is refused by name; an older one would be migrated here. */
const DATA_FORMAT = 1

const SECRET_BYTES = 32
const formatSchema = z.object({ format: z.int().positive() })

/** What the embedded default keeps on this machine. */
export interface DataFolder {
  path: string
  /** The secret of this installation, made at its first start. */
  secret: string
}

/** Opens or makes the data folder: private, writable, and of a format that this version reads. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chmod(path, 0o700)
    await access(path, constants.W_OK | constants.R_OK | constants.X_OK)
    await checkFormat(path)
    return { path, secret: await readSecret(path) }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('unavailable', `The data folder ${path} cannot be used: ${reasonOf(cause)}.`, {
      cause,
      advice: 'Make it writable for this user, free some space, or set DEVEX_DATA to another folder.',
    })
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, 'format.json')
  const found = await readOptional(file)
  if (found === undefined) return await writeWhole(file, `${JSON.stringify({ format: DATA_FORMAT })}\n`)
  const { format } = formatSchema.parse(JSON.parse(found))
  if (format > DATA_FORMAT) {
    throw new AppError(
      'not_supported',
      `The data folder ${path} was written by a newer version (format ${format}; this one reads up to ${DATA_FORMAT}).`,
      {
        advice: 'Start the newer version, or set DEVEX_DATA to another folder.',
      },
    )
  }
}

async function readSecret(path: string): Promise<string> {
  const file = join(path, 'secret')
  const found = (await readOptional(file))?.trim()
  if (found !== undefined && found.length >= SECRET_BYTES) return found
  // What was sealed with the lost one can be opened with nothing else: a new one must not take its place in silence.
  if (found !== undefined) {
    throw new AppError('unavailable', `The secret in ${file} is damaged: it is too short.`, {
      advice: 'Put the file back from a backup, or set DEVEX_DATA to another folder.',
    })
  }
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  await writeWhole(file, `${secret}\n`)
  return secret
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.${randomBytes(6).toString('hex')}.part`
  await writeFile(part, text, { mode: 0o600, flush: true })
  await rename(part, file)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return String(error)
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'it lies on a read-only file system'
    case 'ENOSPC':
      return 'the disk is full'
    default:
      return error.message
  }
}
