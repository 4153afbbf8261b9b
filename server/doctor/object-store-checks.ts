import { createHash, randomUUID } from 'node:crypto'
import { AppError } from '#server/errors.ts'
import type { ObjectStore, PutCondition } from '#server/object-store/object-store.ts'
import { failed, ok } from './check.ts'
import type { Check, Finding } from './check.ts'
import { LOOK_TIMEOUT_MS } from './limits.ts'

const ANOTHER_STORE =
  'Two control planes could overwrite each other’s saves there. Update the store, or take one that honours If-Match and If-None-Match on PUT: AWS S3, Cloudflare R2, MinIO, VersityGW.'

/** What saves depend on: conditional writes that decide between racers, and pre-signed uploads bound to their content. */
export function objectStoreChecks(store: ObjectStore): Check[] {
  return [
    { name: 'object store: writes and reads', look: () => withKey(store, roundTrip) },
    { name: 'object store: conditional writes', look: () => withKey(store, conditions) },
    { name: 'object store: races have one winner', look: () => withKey(store, races) },
    { name: 'object store: pre-signed uploads', look: () => withKey(store, uploads) },
  ]
}

async function withKey(store: ObjectStore, look: (store: ObjectStore, key: string) => Promise<Finding>) {
  const key = `doctor/${randomUUID()}`
  try {
    return await look(store, key)
  } finally {
    await store.delete([key]).catch(() => undefined)
  }
}

async function roundTrip(store: ObjectStore, key: string): Promise<Finding> {
  await store.put(key, Buffer.from('0123456789'))
  const found = await store.get(key, { first: 2, last: 4 })
  const text = found === undefined ? '' : Buffer.concat(await Array.fromAsync(found.body)).toString()
  if (text === '234') return ok('puts, and reads a range')
  return failed(`It answered ${JSON.stringify(text)} for three bytes of an object.`, 'Take a store that reads ranges.')
}

async function conditions(store: ObjectStore, key: string): Promise<Finding> {
  const { etag } = await store.put(key, Buffer.from('1'), { ifAbsent: true })
  if (await isTaken(store, key, { ifAbsent: true }))
    return failed('It overwrote an object although "If-None-Match: *" forbade it.', ANOTHER_STORE)
  if (await isTaken(store, key, { ifMatch: '0123456789abcdef0123456789abcdef' }))
    return failed('It overwrote an object although "If-Match" named another one.', ANOTHER_STORE)
  if (!(await isTaken(store, key, { ifMatch: etag })))
    return failed('It refused to overwrite the very object that "If-Match" named.', ANOTHER_STORE)
  return ok('If-None-Match and If-Match are honoured')
}

async function races(store: ObjectStore, key: string): Promise<Finding> {
  const racers = Array.from({ length: 8 }, () => isTaken(store, key, { ifAbsent: true }))
  const winners = (await Promise.all(racers)).filter(Boolean).length
  if (winners === 1) return ok('one of eight')
  return failed(`${winners} of eight writers who raced for one key were told that they won.`, ANOTHER_STORE)
}

/** Whether a write under this condition went through. */
async function isTaken(store: ObjectStore, key: string, condition: PutCondition): Promise<boolean> {
  try {
    await store.put(key, Buffer.from(randomUUID()), condition)
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return false
    throw error
  }
}

async function uploads(store: ObjectStore, key: string): Promise<Finding> {
  const body = Buffer.from('what was signed for')
  const sha256 = createHash('sha256').update(body).digest('hex')
  const { url, headers } = await store.presignPut(key, { bytes: body.length, sha256 })
  if (!URL.canParse(url)) return ok('through the control plane')
  const put = async (content: Buffer) => {
    const { 'content-length': _, ...rest } = headers
    const answer = await fetch(url, {
      method: 'PUT',
      headers: rest,
      body: new Uint8Array(content),
      signal: AbortSignal.timeout(LOOK_TIMEOUT_MS),
    })
    return answer.ok
  }
  if (await put(Buffer.from('what was not signed')))
    return failed(
      'It took other content than a pre-signed URL was signed for.',
      'A sandbox could store what it did not announce. Take a store that checks x-amz-checksum-sha256.',
    )
  if (await put(body)) return ok(`bound to their content, at ${new URL(url).host}`)
  return failed(
    'It refused the upload that a pre-signed URL allows.',
    'Sandboxes save with such URLs. Check S3_REGION, and that no proxy rewrites Host or headers in front of S3_ENDPOINT.',
  )
}
