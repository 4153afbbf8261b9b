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

/** With the flags that the part itself was started with: compiled code is refused by a V8 with others of some of them. */
const isCompiled = (part: string) => `
  flags=$(tr '\\0' '\\n' < /proc/$(pgrep -o -x MainThread)/cmdline | grep '^--')
  : "\${flags:?none were found}"
  node $flags --print 'new vm.Script(fs.readFileSync("/opt/devex/${part}.cjs", "latin1"), {
    cachedData: fs.readFileSync("/opt/devex/${part}.code") }).cachedDataRejected'`

test.each(['runner', 'sidecar'])('the %s runs code that was compiled when its image was built', async (part) => {
  const pod = await product.podOf(await product.running(await product.create()))
  const { output } = await product.exec(pod, part, isCompiled(part))
  expect(output.trim()).toBe('false')
})
