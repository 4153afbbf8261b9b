import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeObjectStore } from '#server/object-store/object-store.contract.ts'
import { openS3ObjectStore } from '#server/object-store/s3.ts'

const endpoint = process.env['TESTBED_S3_ENDPOINT'] ?? ''
const region = process.env['TESTBED_S3_REGION'] ?? 'us-east-1'
const credentials = {
  accessKeyId: process.env['TESTBED_S3_ACCESS_KEY'] ?? '',
  secretAccessKey: process.env['TESTBED_S3_SECRET_KEY'] ?? '',
}

describe.skipIf(endpoint === '')(
  `s3${endpoint === '' ? ' (skipped: TESTBED_S3_ENDPOINT names no server)' : ''}`,
  () => {
    const bucket = `test-${randomUUID()}`
    const open = () => openS3ObjectStore({ bucket, endpoint, region, credentials })
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    beforeAll(async () => {
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
    })
    afterAll(async () => {
      await using store = await open()
      await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key))
      await client.send(new DeleteBucketCommand({ Bucket: bucket }))
      client.destroy()
    })

    describeObjectStore('s3', { open, locate: (url) => url })

    test('a missing bucket is named, with what to do, and not made', async () => {
      const missing = `test-${randomUUID()}`
      const opening = () => openS3ObjectStore({ bucket: missing, endpoint, region, credentials })
      const refusal = {
        code: 'unavailable',
        message: expect.stringContaining(missing),
        advice: expect.stringContaining('S3_BUCKET'),
      }
      await expect(opening()).rejects.toMatchObject(refusal)
      await expect(opening()).rejects.toMatchObject(refusal)
    })

    test('wrong credentials are said to be wrong', async () => {
      const wrong = { ...credentials, secretAccessKey: 'not-the-secret' }
      const refusal = await openS3ObjectStore({ bucket, endpoint, region, credentials: wrong }).catch(
        (error: unknown) => error,
      )
      expect(refusal).toMatchObject({ code: 'unavailable', advice: expect.stringContaining('S3_SECRET_ACCESS_KEY') })
      expect(String(refusal)).not.toContain('not-the-secret')
    })

    test('an address where nobody listens is unavailable', async () => {
      const nobody = openS3ObjectStore({ bucket, endpoint: 'http://127.0.0.1:1', region, credentials })
      await expect(nobody).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('ECONNREFUSED'),
      })
    })
  },
)
