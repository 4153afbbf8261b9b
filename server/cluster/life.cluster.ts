import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
beforeAll(async () => {
  product = await ClusterProduct.start()
})
afterAll(() => product[Symbol.asyncDispose]())

test('a REPL starts, is worked in through the gateway, stops, and comes back with every byte', async () => {
  const replId = await product.create()
  const first = await product.running(replId)
  {
    using editor = await product.open(replId)
    await editor.run('echo from the shell > shell.txt && chmod 750 shell.txt')
    await editor.write('edited.txt', 'from the editor\n', null)
    await editor.run('mkdir -p deep/er && ln -s ../shell.txt deep/link')
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  await eventually(
    'nothing of the first sandbox is left',
    async () => (await product.left(`devex.dev/sandbox=${first}`)) === '',
  )
  const second = await product.running(replId)
  expect(second).not.toBe(first)
  using editor = await product.open(replId)
  expect((await editor.read('edited.txt'))?.content).toBe('from the editor\n')
  await editor.run('[ "$(cat deep/link)" = "from the shell" ] && [ "$(stat -c %a shell.txt)" = 750 ]')
})
