import type { Cluster } from './kubernetes.ts'
import { CERTIFICATE_MS, RENEW_CERTIFICATES_MS } from './limits.ts'
import { certificateData } from './manifests.ts'
import type { SandboxSecrets } from './manifests.ts'
import { CREATED_ANNOTATION, RENEWED_ANNOTATION, ingressHost, serverName } from './names.ts'
import { noteRenewal } from './record.ts'
import { addressOf } from './view.ts'
import type { Seen } from './view.ts'

type Certificates = Pick<SandboxSecrets, 'runner' | 'sidecar' | 'trust'>

/** Certificates under the names by which the parts of a sandbox are reached, and whose certificates they believe. */
export async function issueCertificates(
  { authority, settings: { ingress } }: Pick<Cluster, 'authority' | 'settings'>,
  sandboxId: string,
): Promise<Certificates> {
  const issue = (part: 'runner' | 'sidecar') => {
    const listeners = part === 'sidecar' ? (['sidecar', 'saver'] as const) : (['runner'] as const)
    const hosts =
      ingress === undefined ? [] : listeners.map((listener) => ingressHost(sandboxId, listener, ingress.domain))
    return authority.issue({ names: [serverName(sandboxId, part), ...hosts], ms: CERTIFICATE_MS })
  }
  const [runner, sidecar, trust] = await Promise.all([issue('runner'), issue('sidecar'), authority.trust()])
  return { runner, sidecar, trust }
}

/** Whether it is time for new certificates: asked of every sandbox with every list. */
export function isRenewalDue(seen: Seen, now: number): boolean {
  const { annotations, creationTimestamp } = seen.record.metadata
  const since = annotations[RENEWED_ANNOTATION] ?? annotations[CREATED_ANNOTATION] ?? Date.parse(creationTimestamp)
  return addressOf(seen) !== undefined && now - Number(since) >= RENEW_CERTIFICATES_MS
}

/**
 * Gives a sandbox that runs for long new certificates, well before the old ones end: the kubelet brings them into the
 * pod, and the parts read them again.
 */
export async function renewCertificates(cluster: Cluster, seen: Seen, signal: AbortSignal): Promise<void> {
  const now = Date.now()
  const { name } = seen.record.metadata
  await cluster.client.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${cluster.settings.namespace}/secrets/${name}`,
    contentType: 'application/merge-patch+json',
    body: { stringData: certificateData(await issueCertificates(cluster, name)) },
    signal,
  })
  await noteRenewal(cluster, name, now)
  cluster.log.info('renewed the certificates of a sandbox', { sandbox: name })
}
