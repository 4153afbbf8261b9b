import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { openS3ObjectStore } from '#server/object-store/s3.ts'
import { PROGRAM } from '#server/workspaces/faults/_lanes.ts'
import type { LaneParts } from '#server/workspaces/faults/_lanes.ts'
import type { LaneOptions } from '#server/workspaces/faults/_lane.ts'
import { startS3Proxy } from '#server/workspaces/faults/_s3-proxy.ts'
import { createStoreFaults } from '#server/workspaces/faults/_store-faults.ts'

export interface S3Server {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

/** A bucket of its own on a real server, behind a proxy that fails: also what sidecars send there by themselves. */
export async function onS3({ random }: LaneParts, server: S3Server): Promise<LaneOptions & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const bucket = `test-${randomUUID()}`
  const client = new S3Client({ ...server, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const store = await openS3ObjectStore({ bucket, ...server })
  opened.defer(async () => {
    await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key))
    await client.send(new DeleteBucketCommand({ Bucket: bucket }))
    client.destroy()
    await store[Symbol.asyncDispose]()
  })
  const faults = createStoreFaults()
  const proxy = opened.use(await startS3Proxy(server.endpoint, faults))
  const faultyStore = opened.use(await openS3ObjectStore({ bucket, ...server, endpoint: proxy.endpoint }))
  const owned = opened.move()
  return {
    random,
    store,
    faults,
    faultyStore,
    program: PROGRAM,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
