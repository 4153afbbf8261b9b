import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { testbedUp } from '../../scripts/testbed.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

const OUTAGE_MS = 30_000

let product: ClusterProduct
beforeAll(async () => {
  product = await ClusterProduct.start()
})
afterAll(() => product[Symbol.asyncDispose]())

/** One REPL with a file in it, which runs. */
async function make(content: string): Promise<string> {
  const replId = await product.create()
  await product.running(replId)
  using editor = await product.open(replId)
  await editor.write('file.txt', content, null)
  return replId
}

async function read(replId: string): Promise<string | undefined> {
  using editor = await product.open(replId)
  return (await editor.read('file.txt'))?.content
}

/** Names of the sandboxes that carry a repl's name. */
async function sandboxesOf(replId: string): Promise<string[]> {
  const names = await product.kubectl('get', 'services', '--selector', `devex.dev/repl=${replId}`, '--output', 'name')
  return names
    .trim()
    .split('\n')
    .filter((name) => name !== '')
}

function apiServer(): number {
  return Number(readFileSync('/var/lib/testbed/pids/apiserver', 'utf8').split(' ')[0])
}

describe('the API server away for half a minute', () => {
  test('during a start: it comes about afterwards', async () => {
    const replId = await product.create()
    const starting = product.running(replId)
    // Its objects are being made by then.
    await delay(100)
    process.kill(apiServer(), 'SIGSTOP')
    try {
      await delay(OUTAGE_MS)
    } finally {
      process.kill(apiServer(), 'SIGCONT')
    }
    await starting
    expect(await sandboxesOf(replId)).toHaveLength(1)
    using editor = await product.open(replId)
    await editor.run('true')
  }, 180_000)

  test('during a stop: all is saved, and nothing is left', async () => {
    const replId = await make('before the outage')
    process.kill(apiServer(), 'SIGKILL')
    const stopping = product.control.ask('stop', replId)
    await delay(OUTAGE_MS)
    testbedUp()
    await stopping
    await product.until(replId, 'stopped')
    await eventually('nothing is left of it', async () => (await sandboxesOf(replId)).length === 0)
    expect(await read(replId)).toBe('before the outage')
  }, 240_000)
})

describe('a control plane killed at every step', () => {
  /** So many repls, each a bit further than the one before it, so that one kill meets every step. */
  const COUNT = 8

  test.each([1, 2])(
    'of a start: each comes about once (round %i)',
    async (round) => {
      const stepMs = 60 * round
      const repls: string[] = []
      for (let index = 0; index < COUNT; index++) {
        const replId = await product.create()
        repls.push(replId)
        void product.running(replId).catch(() => undefined)
        await delay(stepMs)
      }
      await product.control.kill()
      await product.restart()
      const sandboxes = await Promise.all(
        repls.map(async (replId) => {
          const sandboxId = await product.running(replId)
          await eventually(`${replId} has one sandbox`, async () => (await sandboxesOf(replId)).length === 1)
          return sandboxId
        }),
      )
      expect(new Set(sandboxes).size).toBe(COUNT)
      await tidy(repls)
    },
    240_000,
  )

  test.each([1, 2])(
    'of a stop: nothing is lost, and nothing left (round %i)',
    async (round) => {
      const repls = await Promise.all(Array.from({ length: COUNT }, (_, index) => make(`number ${index}`)))
      for (const replId of repls) {
        void product.control.ask('stop', replId).catch(() => undefined)
        await delay(25 * round)
      }
      await product.control.kill()
      await product.restart()
      await Promise.all(
        repls.map(async (replId) => {
          await product.control.ask('stop', replId).catch(() => undefined)
          await product.until(replId, 'stopped')
          await eventually(`${replId} has no sandbox`, async () => (await sandboxesOf(replId)).length === 0)
        }),
      )
      expect(await Promise.all(repls.map(read))).toEqual(repls.map((_, index) => `number ${index}`))
      await tidy(repls)
    },
    240_000,
  )

  async function tidy(repls: string[]): Promise<void> {
    await Promise.all(repls.map((replId) => product.control.ask('delete', replId)))
    await Promise.all(repls.map((replId) => product.until(replId, 'deleted')))
    await eventually('nothing is left', async () => (await Promise.all(repls.map(sandboxesOf))).flat().length === 0)
    // Sandboxes that were made and belong to nobody yet are the sweeper's, after a while.
    const all = await product.kubectl('get', 'services', '--output', 'json')
    const { items } = z.object({ items: z.array(z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }) })) }).parse(JSON.parse(all)) // prettier-ignore
    for (const { metadata } of items) expect(repls).not.toContain(metadata.labels['devex.dev/repl'])
  }
})
