import { expect, test } from 'vitest'
import { kubectl, makeNamespace } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { openKubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { readEnv } from '#server/env.ts'
import { examine } from './check.ts'
import type { Finding } from './check.ts'
import { clusterChecks } from './cluster-checks.ts'

async function examineCluster(settings: Record<string, string>): Promise<Record<string, Finding>> {
  const { orchestrator } = readEnv({ ORCHESTRATOR: 'kubernetes', REACH: 'pod', ...settings })
  if (orchestrator.provider !== 'kubernetes') throw new Error('asked for Kubernetes')
  using client = openKubeClient(settings['KUBECONFIG'])
  const examined = await Array.fromAsync(clusterChecks(client, orchestrator), examine)
  return Object.fromEntries(examined.map(({ name, finding }) => [name.replace(/ (devex|none)-.*/, ''), finding]))
}

test('a cluster that is set up is found well, and so is what it does not need', async () => {
  await using namespace = await makeNamespace()
  const found = await examineCluster({ K8S_NAMESPACE: namespace.name, RUNTIME_CLASS: 'testbed' })
  expect(Object.entries(found).map(([name, { kind }]) => [name, kind])).toEqual([
    ['clock: API server', 'ok'],
    ['cluster: verbs', 'ok'],
    ['cluster: namespace', 'ok'],
    ['cluster: storage class', 'skipped'],
    ['cluster: runtime class', 'ok'],
    ['cluster: processes per pod', 'ok'],
  ])
  expect(found['cluster: processes per pod']?.detail).toContain('512')
})

test('what is missing is named, with the command or the setting that mends it', async () => {
  const found = await examineCluster({
    K8S_NAMESPACE: 'none-such',
    RUNTIME_CLASS: 'gvisor',
    SANDBOX_STORAGE_CLASS: 'fast',
  })
  expect(found['cluster: namespace']).toMatchObject({ kind: 'failed', advice: expect.stringContaining('kubectl') })
  expect(found['cluster: runtime class']).toMatchObject({ kind: 'failed', advice: expect.stringContaining('testbed') })
  expect(found['cluster: storage class']).toMatchObject({ kind: 'failed', advice: expect.stringContaining('SANDBOX_STORAGE_CLASS') }) // prettier-ignore
})

test('a namespace that takes any pod is a failure', async () => {
  await using namespace = await makeNamespace()
  await kubectl('label', 'namespace', namespace.name, 'pod-security.kubernetes.io/enforce-')
  const found = await examineCluster({ K8S_NAMESPACE: namespace.name })
  expect(found['cluster: namespace']).toMatchObject({ kind: 'failed', advice: expect.stringContaining('restricted') })
})
