import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { REHEARSAL_AFTER_MS } from '#protocol/limits.ts'
import { ClusterProduct } from '#server/cluster/_cluster-product.ts'
import { prepareTestbed } from '../scripts/testbed.ts'
import { outOfStep, startBarePod } from './cluster/bare-pod.ts'
import { benchScale } from './cluster/scale.ts'
import { describeSamples } from './statistics.ts'

const RUNS = 20
const WAKE_RUNS = 10
/** The kubelet sees once a second that a pod is ready: the middle of a few such times is anywhere in half a second. */
const BARE_PODS_PER_RUN = 3
const WAKE_FILES = 2000
/**
 * Where ext4 has no journal, as on the test bed, it looks past what was removed in the last minutes, inode by inode, for
 * each file that it makes (`recently_deleted` in fs/ext4/ialloc.c): that would be measured, not the wake.
 */
const REUSED_AFTER_MS = 370_000
const BURST = 20
/** A spare waits for hours, mostly: long enough to have rehearsed a start. */
const SPARE_WAITS_MS = 2 * REHEARSAL_AFTER_MS

/**
 * Starts and stops of real pods through the gateway, on one node with as many cores as this machine has, beside a bare
 * pod of the same image made in turns with them. Then 2,000 REPLs on record (on nodes that only pretend to run pods).
 */
export async function benchCluster(): Promise<void> {
  const [, , , ...only] = process.argv
  // With IMAGE_TAG (and the test bed's variables) images are taken as they are.
  if (process.env['IMAGE_TAG'] === undefined) Object.assign(process.env, await prepareTestbed())
  for (const [name, bench] of Object.entries({
    cold: benchCold,
    warm: benchWarm,
    burst: benchBurst,
    scale: benchScale,
  }))
    if (only.length === 0 || only.includes(name)) await bench()
}

async function benchCold(): Promise<void> {
  await using product = await ClusterProduct.start()
  const sleeping: string[] = []
  while (sleeping.length < WAKE_RUNS) sleeping.push(await replWithFiles(product))
  const madeAt = performance.now()
  const bare: number[] = []
  const cold: number[] = []
  const stop: number[] = []
  for (let run = 0; run < RUNS; run++) {
    for (let pod = 0; pod < BARE_PODS_PER_RUN; pod++) {
      await outOfStep()
      bare.push((await startBarePod(product.namespace)).readyMs)
    }
    await outOfStep()
    const { replId, ms } = await timeCreate(product)
    cold.push(ms)
    // What that run left to save is saved first: a stop of what is unchanged is measured.
    await product.control.ask('save', replId)
    stop.push(await timed(() => product.control.ask('stop', replId).then(() => product.until(replId, 'stopped'))))
    await product.control.ask('delete', replId)
  }
  console.log(describeSamples('floor: a bare pod, create → Ready', bare))
  console.log(describeSamples('create → first command’s output, cold', cold, bare))
  console.log(describeSamples('stop of an unchanged REPL', stop))
  await delay(Math.max(0, REUSED_AFTER_MS - (performance.now() - madeAt)))
  await benchWake(product, sleeping, bare)
}

/** Each is woken once (see `REUSED_AFTER_MS`), beside all bare pods of the run: those made in turns with wakes are too few. */
async function benchWake(product: ClusterProduct, sleeping: string[], bare: number[]): Promise<void> {
  const wake: number[] = []
  for (const replId of sleeping) {
    await outOfStep()
    bare.push((await startBarePod(product.namespace)).readyMs)
    await outOfStep()
    wake.push(await timeFirstCommand(product, replId))
  }
  console.log(describeSamples('floor: a bare pod, create → Ready', bare))
  console.log(describeSamples(`wake with ${WAKE_FILES} files → first command`, wake, bare))
  for (const replId of sleeping) {
    await product.control.ask('stop', replId)
    await product.until(replId, 'stopped')
  }
}

async function benchWarm(): Promise<void> {
  await using product = await ClusterProduct.start({ SPARE_TEMPLATES: 'empty:1' })
  const warm: number[] = []
  for (let run = 0; run < RUNS; run++) {
    await spareIsUp(product)
    await delay(SPARE_WAITS_MS)
    const { replId, ms } = await timeCreate(product)
    warm.push(ms)
    await product.control.ask('delete', replId)
    await product.until(replId, 'deleted')
  }
  console.log(describeSamples('create → first command’s output, warm', warm))
}

async function benchBurst(): Promise<void> {
  await using product = await ClusterProduct.start()
  const bare = await startBarePod(product.namespace)
  const started = performance.now()
  const each = await Promise.all(Array.from({ length: BURST }, async () => (await timeCreate(product)).ms))
  console.log(describeSamples('floor: a bare pod, create → Ready', [bare.readyMs]))
  console.log(describeSamples(`${BURST} at once: create → first command`, each))
  console.log(`all ${BURST} after ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

async function timeCreate(product: ClusterProduct): Promise<{ replId: string; ms: number }> {
  const started = performance.now()
  const replId = await product.create()
  await firstCommand(product, replId)
  return { replId, ms: performance.now() - started }
}

function timeFirstCommand(product: ClusterProduct, replId: string): Promise<number> {
  return timed(() => firstCommand(product, replId))
}

async function firstCommand(product: ClusterProduct, replId: string): Promise<void> {
  using editor = await product.open(replId)
  await editor.run('true')
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** A stopped REPL with so many files of 10 KB. */
async function replWithFiles(product: ClusterProduct): Promise<string> {
  const replId = await product.create()
  {
    using editor = await product.open(replId)
    await editor.run(
      `for i in $(seq ${WAKE_FILES}); do mkdir -p d$((i % 40)); head -c 10000 /dev/urandom > d$((i % 40))/$i; done`,
    )
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  return replId
}

const servicesSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()).default({}) }) })), // prettier-ignore
})

async function spareIsUp(product: ClusterProduct): Promise<void> {
  for (;;) {
    const { items } = servicesSchema.parse(JSON.parse(await product.kubectl('get', 'services', '--output', 'json')))
    const isUp = items.some(
      ({ metadata }) =>
        metadata.labels['devex.dev/repl'] === undefined && metadata.annotations['devex.dev/address'] !== undefined,
    )
    if (isUp) return
    await delay(200)
  }
}
