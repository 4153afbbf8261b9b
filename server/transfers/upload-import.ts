import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { displayNameSchema } from '#protocol/display-name.ts'
import type { Context } from '#server/context.ts'
import { AppError, SlowBody, errorResponse } from '#server/errors.ts'
import { IMPORT_SILENCE_MS, MAX_IMPORTS_AT_ONCE, MAX_IMPORT_BYTES } from '#server/transfers/limits.ts'
import { isOwnOrigin } from '#server/trpc/origin.ts'

const querySchema = z.object({ name: displayNameSchema.exactOptional() })

/** Whose zips are being imported: one at a time of each, that none takes all places. */
const underWay = new Set<string>()

/** `POST /api/import?name=…` with a zip as its body: makes a REPL of it. Answers the REPL as the API shows it. */
export async function uploadImport(
  request: Request,
  app: Context,
  { silenceMs = IMPORT_SILENCE_MS }: { silenceMs?: number } = {},
): Promise<Response> {
  try {
    const origin = request.headers.get('origin')
    if (!isOwnOrigin({ origin, host: request.headers.get('host') }, app.publicUrl()))
      throw new AppError('forbidden', 'This request did not come from a page of this server.')
    const who = await app.auth.principalOf(request.headers.get('cookie'))
    if (who?.kind !== 'user') throw new AppError('unauthenticated', 'Sign in to create a REPL of your own.')
    const { name } = querySchema.parse(Object.fromEntries(new URL(request.url).searchParams))
    if (underWay.has(who.id))
      throw new AppError('rate_limited', 'A zip of yours is being imported.', {
        advice: 'Wait until it is there, then import the next.',
      })
    if (underWay.size >= MAX_IMPORTS_AT_ONCE)
      throw new AppError('rate_limited', 'Other zips are being imported.', { advice: 'Try again in a minute.' })
    await using opened = new AsyncDisposableStack()
    underWay.add(who.id)
    opened.defer(() => void underWay.delete(who.id))
    // Asked again when it is made: a gigabyte for which there is no room need not come.
    await app.history.requireRoom(who)
    // A zip ends with its list of contents: all of it must be here before anything can be read.
    const folder = await mkdtemp(join(app.uploads, 'import-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'upload.zip')
    await receive(request.body, file, silenceMs)
    return Response.json(await app.history.importZip(who, { file, ...(name !== undefined && { name }) }))
  } catch (error) {
    if (!(error instanceof AppError)) app.log.error('an import failed', error)
    return errorResponse(error)
  }
}

async function receive(body: Request['body'], file: string, silenceMs: number): Promise<void> {
  await pipeline(bounded(body, silenceMs), createWriteStream(file, { flags: 'wx', mode: 0o600 }))
}

async function* bounded(body: Request['body'], silenceMs: number): AsyncGenerator<Uint8Array> {
  if (body === null) throw new AppError('bad_request', 'Send a zip as the body.')
  const reader = body.getReader()
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await soon(reader.read(), silenceMs)
      if (done) return
      bytes += value.byteLength
      if (bytes > MAX_IMPORT_BYTES)
        throw new AppError('too_large', `A zip has at most ${MAX_IMPORT_BYTES / 1024 ** 2} MiB.`, {
          advice: 'Leave out what the project can install or build again, such as node_modules.',
        })
      yield value
    }
  } finally {
    // Nobody waits for what a line that is silent says to that.
    reader.cancel().catch(() => undefined)
  }
}

async function soon<Result>(read: Promise<Result>, silenceMs: number): Promise<Result> {
  const silent = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      silent.reject(
        new AppError('timeout', `Nothing came of the zip for ${silenceMs / 1000} s.`, {
          cause: new SlowBody(),
          advice: 'Nothing was created. Look at your connection, then send it again.',
        }),
      ),
    silenceMs,
  )
  try {
    return await Promise.race([read, silent.promise])
  } finally {
    clearTimeout(timer)
  }
}
