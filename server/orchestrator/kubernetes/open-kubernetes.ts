import { openKubeClient } from './client.ts'
import { denyByDefault } from './default-deny.ts'
import { KubernetesOrchestrator } from './kubernetes.ts'
import type { KubernetesOptions } from './kubernetes.ts'
import { assertPermitted } from './permissions.ts'

/** Opens the cluster that a kubeconfig names, or the one that we run in; fails at once where too little is allowed there. */
export async function openKubernetesOrchestrator({
  kubeconfig,
  ...options
}: Omit<KubernetesOptions, 'client'> & { kubeconfig: string | undefined }): Promise<KubernetesOrchestrator> {
  const client = openKubeClient(kubeconfig)
  try {
    await assertPermitted(client, options.settings)
    await denyByDefault(client, options.settings.namespace)
  } catch (error) {
    client[Symbol.dispose]()
    throw error
  }
  const { namespace, reach } = options.settings
  options.log.info('sandboxes run on Kubernetes', { namespace, reach, context: client.config.getCurrentContext() })
  return new KubernetesOrchestrator({ ...options, client })
}
