import { spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ClusterProduct } from '#server/cluster/_cluster-product.ts'
import { kubectl, makeNamespace } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'

const OVERLAY = join(import.meta.dirname, '../overlays/remote')

const configSchema = z.object({
  clusters: z.array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) })),
})

/** As k8s/README.md makes it: the account's token, and where the API server is. */
async function kubeconfigOf(namespace: string): Promise<string> {
  const secret = ['--namespace', namespace, 'get', 'secret', 'devex-token', '--output', 'jsonpath={.data.token}']
  await eventually('the token is made', async () => (await kubectl(...secret)) !== '')
  const token = Buffer.from(await kubectl(...secret), 'base64').toString('utf8')
  const all = configSchema.parse(
    JSON.parse(await kubectl('config', 'view', '--raw', '--minify', '--flatten', '--output', 'json')),
  )
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: all.clusters[0]?.cluster }],
    users: [{ name: 'devex', user: { token } }],
    contexts: [{ name: 'devex', context: { cluster: 'cluster', user: 'devex' } }],
    'current-context': 'devex',
  })
}

test('a control plane elsewhere has all it needs with the account of k8s/overlays/remote, and nothing besides', async () => {
  await using control = await makeNamespace()
  await using sandboxes = await makeNamespace()
  await using folder = await mkdtempDisposable(join(tmpdir(), 'devex-account-'))
  const text = await kubectl('kustomize', OVERLAY)
  const objects = text
    .split(/^---$/m)
    .filter((object) => !/^kind: Namespace$/m.test(object))
    .join('---\n')
    .replaceAll(/^( *)namespace: devex-sandboxes$/gm, `$1namespace: ${sandboxes.name}`)
    .replaceAll(/^( *)namespace: devex$/gm, `$1namespace: ${control.name}`)
  expect(spawnSync('kubectl', ['apply', '--filename', '-'], { input: objects, encoding: 'utf8' })).toMatchObject({ status: 0 }) // prettier-ignore
  const kubeconfig = join(folder.path, 'kubeconfig')
  await writeFile(kubeconfig, await kubeconfigOf(control.name))

  await using product = await ClusterProduct.start({
    KUBECONFIG: kubeconfig,
    K8S_NAMESPACE: sandboxes.name,
    REACH: 'port-forward',
    INTERNAL_URL: '',
    SANDBOX_CALLERS: '',
    STATE_STORE: 'sqlite',
    OBJECT_STORE: 'disk',
  })
  const replId = await product.create()
  {
    using editor = await product.open(replId)
    await editor.write('kept.txt', 'kept', null)
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  {
    using editor = await product.open(replId)
    expect((await editor.read('kept.txt'))?.content).toBe('kept')
  }
  await product.control.ask('delete', replId)
  await product.until(replId, 'deleted')

  const mayNot = async (...what: string[]) => {
    const answer = spawnSync('kubectl', ['--kubeconfig', kubeconfig, 'auth', 'can-i', ...what], { encoding: 'utf8' })
    return answer.stdout.trim() === 'no'
  }
  expect(await mayNot('get', 'secrets', '--namespace', sandboxes.name)).toBe(true)
  expect(await mayNot('create', 'pods', '--namespace', sandboxes.name)).toBe(true)
  expect(await mayNot('create', 'pods/exec', '--namespace', sandboxes.name)).toBe(true)
  expect(await mayNot('list', 'pods', '--namespace', 'default')).toBe(true)
  expect(await mayNot('get', 'nodes')).toBe(true)
})
