import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { KubeClient } from './client.ts'
import { START_PATIENCE_MS } from './limits.ts'
import type { ClusterSettings } from './settings.ts'

/** One thing that the control plane must be allowed to do. */
export interface Permission {
  group: string
  resource: string
  subresource?: string
  verb: string
}

/** A WebSocket is asked for with GET, and newer API servers want the other verb besides. */
const FORWARDING = ['get', 'create']

/** Everything that the adapter asks of the API server: the Role in k8s/base/rbac.yaml grants this and no more. */
export function permissionsNeeded({ reach, ingress }: Pick<ClusterSettings, 'reach' | 'ingress'>): Permission[] {
  const of = (group: string, resource: string, verbs: string[]) => verbs.map((verb) => ({ group, resource, verb }))
  return [
    ...of('', 'services', ['get', 'list', 'watch', 'create', 'patch', 'delete']),
    ...of('', 'pods', ['get', 'list', 'watch', 'patch', 'delete', 'deletecollection']),
    { group: '', resource: 'pods', subresource: 'ephemeralcontainers', verb: 'patch' },
    ...of('', 'secrets', ['create', 'patch', 'delete']),
    ...of('apps', 'deployments', ['get', 'create', 'patch', 'delete']),
    ...of('apps', 'replicasets', ['deletecollection']),
    ...of('networking.k8s.io', 'networkpolicies', ['create', 'patch', 'delete']),
    ...(ingress === undefined ? [] : of('networking.k8s.io', 'ingresses', ['create', 'patch', 'delete'])),
    ...(reach === 'port-forward'
      ? FORWARDING.map((verb) => ({ group: '', resource: 'pods', subresource: 'portforward', verb }))
      : []),
  ]
}

/** `get pods`, `create deployments.apps`. */
export function describePermission({ group, resource, subresource, verb }: Permission): string {
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`
}

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) })

/** Those of `needed` that the API server would refuse us. */
export async function missingPermissions(
  client: KubeClient,
  namespace: string,
  needed: Permission[],
): Promise<Permission[]> {
  const answers = await Promise.all(
    needed.map(async (permission) => {
      const answer = await client.call({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { namespace, ...permission } },
        },
        patienceMs: START_PATIENCE_MS,
      })
      return reviewSchema.parse(answer).status.allowed
    }),
  )
  return needed.filter((_, index) => answers[index] === false)
}

/** Throws with every verb that is missing: later it would be one at a time, in the middle of somebody's start. */
export async function assertPermitted(client: KubeClient, settings: ClusterSettings): Promise<void> {
  const missing = await missingPermissions(client, settings.namespace, permissionsNeeded(settings))
  if (missing.length === 0) return
  throw new AppError(
    'forbidden',
    `In the namespace ${settings.namespace} the control plane may not: ${missing.map(describePermission).join(', ')}.`,
    {
      advice:
        'Grant that to its service account (kubectl apply -k with the overlay that was installed; k8s/overlays/remote for port-forward), or choose another K8S_NAMESPACE.',
    },
  )
}
