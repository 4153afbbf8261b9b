import { AppError } from '#server/errors.ts'
import type { Cluster } from './kubernetes.ts'
import { REMOVE_GRACE_SECONDS } from './limits.ts'
import { SANDBOX_LABEL } from './names.ts'
import { isStranded } from './view.ts'
import type { Seen } from './view.ts'

/**
 * Deletes every object of a sandbox. Its record goes last but one: what a control plane that died left is still found by
 * it, and the cluster removes the rest with it. Whoever asks next finds nothing, though the pod takes a second to end.
 * `seen`: what the cluster has of it, as last heard unless given.
 */
export async function removeSandbox(
  { client, roster, settings }: Cluster,
  sandboxId: string,
  seen: Seen | undefined = roster.get(sandboxId),
): Promise<void> {
  const { namespace } = settings
  const core = `/api/v1/namespaces/${namespace}`
  const apps = `/apis/apps/v1/namespaces/${namespace}`
  const networking = `/apis/networking.k8s.io/v1/namespaces/${namespace}`
  const labelSelector = `${SANDBOX_LABEL}=${sandboxId}`
  const remove = async (path: string, query: Record<string, string> = {}) => {
    try {
      await client.call({ method: 'DELETE', path, query: { propagationPolicy: 'Background', ...query } })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'not_found') throw error
    }
  }
  await Promise.all([
    // From the top: whatever is left would make anew what lies below it.
    remove(`${apps}/deployments/${sandboxId}`).then(() => remove(`${apps}/replicasets`, { labelSelector })),
    remove(`${core}/secrets/${sandboxId}`),
    settings.ingress === undefined ? undefined : remove(`${networking}/ingresses/${sandboxId}`),
  ])
  await remove(`${core}/services/${sandboxId}`)
  roster.removed(sandboxId)
  // Its work is saved by now, or was never wanted: it need not wait as a drained one does.
  await remove(`${core}/pods`, { labelSelector, gracePeriodSeconds: String(REMOVE_GRACE_SECONDS) })
  // No node confirms their end: without this they would be listed until it is back, or taken out of the cluster.
  const stranded = (seen?.pods ?? []).filter(isStranded)
  await Promise.all(
    stranded.map(({ metadata }) => remove(`${core}/pods/${metadata.name}`, { gracePeriodSeconds: '0' })),
  )
  await remove(`${networking}/networkpolicies/${sandboxId}`)
}
