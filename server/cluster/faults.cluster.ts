import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
beforeAll(async () => {
  product = await ClusterProduct.start()
})
afterAll(() => product[Symbol.asyncDispose]())

describe('D1: a stop', () => {
  test('whose sidecar was killed saves all the same', async () => {
    const replId = await product.create()
    const pod = await product.podOf(await product.running(replId))
    {
      using editor = await product.open(replId)
      await editor.write('last.txt', 'written last', null)
    }
    await product.exec(pod, 'sidecar', 'kill -9 -1')
    await product.control.ask('stop', replId)
    await product.until(replId, 'stopped')
    using editor = await product.open(replId)
    expect((await editor.read('last.txt'))?.content).toBe('written last')
  })

  test('whose sidecar does not come back saves through an ephemeral container on the same volume', async () => {
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    const pod = await product.podOf(sandboxId)
    {
      using editor = await product.open(replId)
      await editor.write('last.txt', 'written last', null)
    }
    // Its image is gone for the kubelet: a container that dies now is not started again.
    await product.kubectl('set', 'image', `pod/${pod}`, 'sidecar=devex.test/no-such-image:x')
    const sidecar = 'jsonpath={.status.containerStatuses[?(@.name=="sidecar")].state.waiting.reason}'
    await eventually('the sidecar is not started again', async () =>
      /Image/.test(await product.kubectl('get', 'pod', pod, '--output', sidecar)),
    )
    await product.control.ask('stop', replId)
    const savers = () => product.kubectl('get', 'pod', pod, '--output', 'jsonpath={.spec.ephemeralContainers[*].name}')
    await eventually(
      'another container has taken its place',
      async () => (await savers()).includes('saver-'),
      () => product.control.log.slice(-12).join('\n'),
    )
    await product.until(replId, 'stopped')
    using editor = await product.open(replId)
    expect((await editor.read('last.txt'))?.content).toBe('written last')
  })

  test('D3: two at a time are one', async () => {
    const replId = await product.create()
    await product.running(replId)
    {
      using editor = await product.open(replId)
      await editor.write('twice.txt', 'once', null)
    }
    await Promise.all([product.control.ask('stop', replId), product.control.ask('stop', replId)])
    await product.until(replId, 'stopped')
    // The log says it a moment after the record does.
    const said = () => product.control.log.join('\n').match(new RegExp(`stopped a REPL.*${replId}`, 'g'))?.length
    await expect.poll(said, { timeout: 10_000 }).toBe(1)
    using editor = await product.open(replId)
    expect((await editor.read('twice.txt'))?.content).toBe('once')
  })
})

describe('D2: a pod that is taken away', () => {
  test('by force, in the middle of work, costs seconds of it, and the page says so', async () => {
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    {
      using editor = await product.open(replId)
      await editor.write('before.txt', 'saved by then', null)
      // Longer than any change waits to be saved.
      await delay(5_000)
      await editor.write('after.txt', 'perhaps lost', null)
      await product.kubectl('delete', 'pod', await product.podOf(sandboxId), '--grace-period=0', '--force')
    }
    await eventually('its state tells the truth', async () => {
      const { state } = await product.view(replId)
      return state.kind === 'failed' && /is gone/.test(state.error?.message ?? '')
    })
    const { state } = await product.view(replId)
    expect(state.error?.advice).toMatch(/as it was last saved/)
    await eventually('nothing of it is left', async () => (await product.left(`devex.dev/sandbox=${sandboxId}`)) === '')
    using editor = await product.open(replId)
    expect((await editor.read('before.txt'))?.content).toBe('saved by then')
  })

  test('in order, as a drained node does, costs nothing', async () => {
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    {
      using editor = await product.open(replId)
      await editor.run('head -c 3000000 /dev/urandom > big && sha256sum big > sum')
      await product.kubectl('delete', 'pod', await product.podOf(sandboxId), '--wait=true')
    }
    await product.until(replId, 'failed', 'stopped')
    using editor = await product.open(replId)
    await expect(editor.run('sha256sum --check --quiet sum')).resolves.toBeUndefined()
  })

  test('D4: is no reason to say that a stop has saved', async () => {
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    {
      using editor = await product.open(replId)
      await editor.write('last.txt', 'written last', null)
    }
    await product.kubectl('delete', 'pod', await product.podOf(sandboxId), '--grace-period=0', '--force')
    await product.control.ask('stop', replId).catch(() => undefined)
    await product.until(replId, 'failed', 'stopped')
    const { state } = await product.view(replId)
    // Its sidecar may have lived long enough for the last save: then that has it.
    const saved = async () => {
      using editor = await product.open(replId)
      return (await editor.read('last.txt'))?.content
    }
    expect(state.kind === 'failed' ? state.error?.message : await saved()).toMatch(/is gone|^written last$/)
  })
})

test('L6: after a delete nothing of a REPL is in the cluster', async () => {
  const replId = await product.create()
  await product.running(replId)
  await product.control.ask('delete', replId)
  await product.until(replId, 'deleted')
  const left = () => product.left(`devex.dev/repl=${replId}`)
  await eventually('nothing carries its name', async () => (await left()) === '')
  expect(await left()).toBe('')
})

test('D6: a start asked for during a stop comes after it, with all of it', async () => {
  const replId = await product.create()
  await product.running(replId)
  {
    using editor = await product.open(replId)
    await editor.write('a.txt', 'there', null)
  }
  await product.control.ask('stop', replId)
  await product.control.ask('start', replId)
  await product.until(replId, 'running')
  using editor = await product.open(replId)
  expect((await editor.read('a.txt'))?.content).toBe('there')
})
