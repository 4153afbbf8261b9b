import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AppError } from '#server/errors.ts'
import {
  PRESIGNED_TTL_MS,
  assertContent,
  assertObjectKey,
  assertObjectPrefix,
  assertRange,
  exactly,
  objectConflict,
  rangeRefused,
} from '#server/object-store/bounds.ts'
import { certificateAdvice } from '#server/trust.ts'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import type { ObjectInfo, ObjectStore, PutCondition } from '#server/object-store/object-store.ts'

/** Keys in one DeleteObjects (its limit). */
const DELETE_BATCH_KEYS = 1000

/** Attempts at a request, those of the SDK included; and how long one may take to connect, and to be silent. */
const MAX_ATTEMPTS = 3
const CONNECT_TIMEOUT_MS = 5_000
const SILENCE_TIMEOUT_MS = 30_000

/** Attempts at a conditional write that met another one under way (409): S3 says neither yes nor no then. */
const MAX_CONDITION_ATTEMPTS = 5

/** Largest object that is put as a stream: packs are smaller. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024

interface S3Options {
  bucket: string
  region: string
  /** Of an S3-compatible store; AWS needs none. */
  endpoint?: string | undefined
  /** Without them, the SDK's default chain (environment, files, instance role). */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined
}

/** The object store in a bucket of AWS S3 or of anything that speaks its API and honours conditional writes. */
export async function openS3ObjectStore(options: S3Options): Promise<ObjectStore> {
  const { bucket, region, endpoint, credentials } = options
  const client = new S3Client({
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: SILENCE_TIMEOUT_MS },
    // Otherwise a pre-signed PUT carries the checksum of an empty body. We give SHA-256 ourselves where we have it.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials !== undefined && { credentials }),
  })
  const store = new S3ObjectStore(client, bucket)
  try {
    await store.assertBucket(endpoint ?? `AWS ${region}`)
    return store
  } catch (error) {
    client.destroy()
    throw error
  }
}

class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client
  readonly #bucket: string

  constructor(client: S3Client, bucket: string) {
    this.#client = client
    this.#bucket = bucket
  }

  /** Says what is wrong before anything depends on it. Makes no bucket: its owner decides where and how. */
  async assertBucket(where: string): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }))
    } catch (error) {
      const status = statusOf(error)
      if (status === 404)
        throw new AppError('unavailable', `There is no bucket ${this.#bucket} at ${where}.`, {
          advice: `Make it, for example with: aws s3 mb s3://${this.#bucket}. Or let S3_BUCKET name another one.`,
        })
      if (status === 403 || status === 401 || status === 400)
        throw new AppError('unavailable', `${where} does not let us use the bucket ${this.#bucket}.`, {
          cause: error,
          advice: 'Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION and the rights of that key.',
        })
      throw this.#translate(error, '')
    }
  }

  async put(
    key: string,
    body: Uint8Array | { stream: Readable; bytes: number },
    condition?: PutCondition,
  ): Promise<{ etag: string }> {
    assertObjectKey(key)
    const bytes = body instanceof Uint8Array ? body : await collect(body)
    const checksum = createHash('sha256').update(bytes).digest('base64')
    const content = { Body: bytes, ContentLength: bytes.length, ChecksumSHA256: checksum }
    const when =
      condition === undefined
        ? {}
        : 'ifAbsent' in condition
          ? { IfNoneMatch: '*' }
          : { IfMatch: quoted(condition.ifMatch) }
    const input = { Bucket: this.#bucket, Key: key, ...content, ...when }
    return this.#putUntilDecided(key, input)
  }

  async #putUntilDecided(key: string, input: PutObjectCommandInput): Promise<{ etag: string }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { ETag } = await this.#client.send(new PutObjectCommand(input))
        return { etag: unquoted(ETag) }
      } catch (error) {
        const status = statusOf(error)
        const isConditional = input.IfMatch !== undefined || input.IfNoneMatch !== undefined
        if (isConditional && status === 409 && attempt < MAX_CONDITION_ATTEMPTS) continue
        if (isConditional && (status === 409 || status === 412 || status === 404)) throw objectConflict(key, error)
        throw this.#translate(error, key)
      }
    }
  }

  async get(key: string, range?: { first: number; last: number }) {
    assertObjectKey(key)
    if (range !== undefined) assertRange(range)
    const part = range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }
    try {
      const found = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...part }))
      if (!(found.Body instanceof Readable)) throw new Error('S3 answered without a body')
      const total = /\/(\d+)$/.exec(found.ContentRange ?? '')?.[1]
      const info = infoOf(key, { ...found, Size: total === undefined ? found.ContentLength : Number(total) })
      return { body: found.Body, info }
    } catch (error) {
      if (statusOf(error) === 404) return undefined
      if (statusOf(error) === 416 && range !== undefined) throw rangeRefused(range)
      throw this.#translate(error, key)
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    assertObjectKey(key)
    try {
      const found = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }))
      return infoOf(key, { ...found, Size: found.ContentLength })
    } catch (error) {
      if (statusOf(error) === 404) return undefined
      throw this.#translate(error, key)
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    assertObjectPrefix(prefix)
    let next: string | undefined
    do {
      const page = await this.#page(prefix, next)
      for (const found of page.Contents ?? []) if (found.Key !== undefined) yield infoOf(found.Key, found)
      next = page.NextContinuationToken
    } while (next !== undefined)
  }

  async #page(prefix: string, next: string | undefined) {
    const from = next === undefined ? {} : { ContinuationToken: next }
    try {
      return await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ...from }))
    } catch (error) {
      throw this.#translate(error, prefix)
    }
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) assertObjectKey(key)
    for (let start = 0; start < keys.length; start += DELETE_BATCH_KEYS) {
      const batch = keys.slice(start, start + DELETE_BATCH_KEYS)
      const Delete = { Objects: batch.map((key) => ({ Key: key })), Quiet: true }
      const outcome = await this.#client
        .send(new DeleteObjectsCommand({ Bucket: this.#bucket, Delete }))
        .catch((error: unknown) => Promise.reject(this.#translate(error, batch[0] ?? '')))
      // The request succeeds also where single objects do not.
      const failed = (outcome.Errors ?? []).filter(({ Code }) => Code !== 'NoSuchKey')
      if (failed[0] !== undefined)
        throw new AppError(
          'unavailable',
          `${failed.length} of ${batch.length} objects could not be deleted, such as ${failed[0].Key}: ${failed[0].Code}.`,
        )
    }
  }

  async presignPut(key: string, content: { bytes: number; sha256: string }) {
    assertObjectKey(key)
    assertContent(content)
    const checksum = Buffer.from(content.sha256, 'hex').toString('base64')
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ContentLength: content.bytes,
      ChecksumSHA256: checksum,
    })
    // As headers, so that they bind: a checksum in the query is not compared with the body everywhere.
    const names = new Set(['content-length', 'x-amz-checksum-sha256'])
    return this.#presigned(command, {
      names,
      headers: { 'content-length': String(content.bytes), 'x-amz-checksum-sha256': checksum },
    })
  }

  async presignGet(key: string) {
    assertObjectKey(key)
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key })
    return this.#presigned(command, { names: new Set(), headers: {} })
  }

  async #presigned(
    command: PutObjectCommand | GetObjectCommand,
    signed: { names: Set<string>; headers: Record<string, string> },
  ) {
    const expiresAt = Date.now() + PRESIGNED_TTL_MS
    const url = await getSignedUrl(this.#client, command, {
      expiresIn: PRESIGNED_TTL_MS / 1000,
      unhoistableHeaders: signed.names,
      signableHeaders: new Set(['host', ...signed.names]),
    })
    return { url, headers: signed.headers, expiresAt }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }

  #translate(error: unknown, key: string): AppError {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const advice = certificateAdvice(error, 'S3_ENDPOINT')
    return new AppError('unavailable', `The bucket ${this.#bucket} does not answer for ${key || 'us'}: ${reason}.`, {
      cause: error,
      ...(advice !== undefined && { advice }),
    })
  }
}

/** A stream in memory: only so can the SDK repeat a request, and S3 check the content. */
async function collect(body: { stream: Readable; bytes: number }): Promise<Buffer> {
  if (body.bytes > MAX_STREAM_BYTES)
    throw new AppError('too_large', `An object has at most ${MAX_STREAM_BYTES} bytes, not ${body.bytes}.`)
  return Buffer.concat(await Array.fromAsync(exactly(body)))
}

function infoOf(
  key: string,
  found: { Size?: number | undefined; ETag?: string | undefined; LastModified?: Date | undefined },
): ObjectInfo {
  return { key, bytes: found.Size ?? 0, etag: unquoted(found.ETag), modifiedAt: found.LastModified?.getTime() ?? 0 }
}

/** Etags travel in quotes (RFC 9110 §8.8.3); the port's have none. */
function unquoted(etag = ''): string {
  return etag.replace(/^"(.*)"$/, '$1')
}

function quoted(etag: string): string {
  return `"${etag}"`
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
}
