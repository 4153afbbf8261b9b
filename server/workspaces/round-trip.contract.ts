import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { openS3ObjectStore } from '#server/object-store/s3.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { describeTree } from '#server/workspaces/_tree.ts'

const endpoint = process.env['TESTBED_S3_ENDPOINT'] ?? ''
const region = process.env['TESTBED_S3_REGION'] ?? 'us-east-1'
const credentials = {
  accessKeyId: process.env['TESTBED_S3_ACCESS_KEY'] ?? '',
  secretAccessKey: process.env['TESTBED_S3_SECRET_KEY'] ?? '',
}

/** Whether a test bed has an S3 server, and what a test's name says if not. */
export const s3 = {
  isThere: endpoint !== '',
  why: endpoint === '' ? ' (skipped: TESTBED_S3_ENDPOINT names no server)' : '',
}

/** For a save or a restore of gigabytes on a busy machine. */
const PATIENCE_MS = 20 * 60_000

type OpenStore = (folder: string) => Promise<ObjectStore>

export const openDisk: OpenStore = (folder) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

/** A bucket of its own on the test bed's S3 server, gone afterwards. */
export async function makeBucket(): Promise<{ open: OpenStore } & AsyncDisposable> {
  const name = `test-${randomUUID()}`
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  const open = () => openS3ObjectStore({ bucket: name, endpoint, region, credentials })
  return {
    open,
    [Symbol.asyncDispose]: async () => {
      await using store = await open()
      await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key))
      await client.send(new DeleteBucketCommand({ Bucket: name }))
      client.destroy()
    },
  }
}

/** Stops `sandbox` and brings its repl up in a new one, as another generation. */
export async function moveOn(controlPlane: ControlPlane, sandbox: Sandbox): Promise<Sandbox> {
  await controlPlane.stop(sandbox)
  controlPlane.newestGeneration += 1
  const next = await Sandbox.start(controlPlane)
  await controlPlane.adopt(next)
  return next
}

/** Stops and starts a repl again and again, with a change before each stop; where a byte, a mode or a time came back as another. */
export async function cycle(
  openStore: OpenStore,
  cycles: number,
  fill: (workspace: string) => void,
): Promise<string[]> {
  const differences: string[] = []
  await using controlPlane = await ControlPlane.start(openStore)
  controlPlane.patienceMs = PATIENCE_MS
  let sandbox = await Sandbox.start(controlPlane)
  try {
    await controlPlane.adopt(sandbox)
    fill(sandbox.workspace)
    for (let at = 1; at <= cycles; at += 1) {
      appendFileSync(join(sandbox.workspace, 'cycles'), `${at}\n`)
      if (at > 1) rmSync(join(sandbox.workspace, `only-${at - 1}`))
      appendFileSync(join(sandbox.workspace, `only-${at}`), `${at}`)
      const before = [...describeTree(sandbox.workspace), ...describeTree(sandbox.home)]
      const last = sandbox
      sandbox = await moveOn(controlPlane, last)
      await last[Symbol.asyncDispose]()
      const after = [...describeTree(sandbox.workspace), ...describeTree(sandbox.home)]
      const wrong = Array.from({ length: Math.max(after.length, before.length) }, (_, line) => line).find(
        (line) => after[line] !== before[line],
      )
      if (wrong !== undefined) differences.push(`cycle ${at}: ${before[wrong]} became ${after[wrong]}`)
    }
    return differences
  } finally {
    await sandbox[Symbol.asyncDispose]()
  }
}
