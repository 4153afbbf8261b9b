import type { KubeClient } from './client.ts'
import { MANAGED_BY } from './names.ts'

const NAME = 'devex-default-deny'

/**
 * Sees to it that a sandbox's pod without a policy of its own reaches nothing: policies go with a sandbox's record, and
 * its pod may live on for a second, with whatever runs in it.
 */
export async function denyByDefault(client: KubeClient, namespace: string): Promise<void> {
  await client.call({
    method: 'PATCH',
    path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${NAME}`,
    query: { fieldManager: 'devex', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: NAME, namespace },
      spec: { podSelector: { matchLabels: MANAGED_BY }, policyTypes: ['Ingress', 'Egress'] },
    },
  })
}
