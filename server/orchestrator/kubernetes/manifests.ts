import { networkPolicyRules } from './network-rules.ts'
import { IMAGE_ANNOTATION, MANAGED_BY, PORTS, SANDBOX_LABEL, TEMPLATE_LABEL, imageName, ingressHost } from './names.ts'
import { podTemplate } from './pod-template.ts'
import type { ClusterSettings } from './settings.ts'
import type { SandboxLimits } from '#server/orchestrator/orchestrator.ts'

/** One object of the cluster, as it is sent. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace: string
    labels: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: OwnerReference[]
  }
  [field: string]: unknown
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  blockOwnerDeletion: boolean
}

/** Everything that a sandbox's objects are made from. */
export interface SandboxSpec {
  sandboxId: string
  template: string
  limits: SandboxLimits
  /** PEM (SPKI): whose tokens count. */
  publicKey: string
  settings: ClusterSettings
}

/** What only the Secret holds. */
export interface SandboxSecrets {
  runner: { cert: string; key: string }
  sidecar: { cert: string; key: string }
  /** Whose certificates count (PEM), for calls to the control plane. */
  trust: string
  /** Good for saying hello. */
  bootToken: string
}

/** A sandbox's record and the owner of everything else of it: whoever deletes it deletes the sandbox. It also names the pod in DNS. */
export function serviceOf(spec: SandboxSpec): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metadata(spec),
      annotations: { [IMAGE_ANNOTATION]: imageName({ template: spec.template }, spec.settings.image) },
    },
    spec: {
      // Controllers that pass TLS through dial the Service's own address, not its pods':
      // https://github.com/kubernetes/ingress-nginx/issues/1718
      ...(spec.settings.ingress === undefined && { clusterIP: 'None' }),
      publishNotReadyAddresses: true,
      selector: { [SANDBOX_LABEL]: spec.sandboxId },
      ports: [
        { name: 'runner', port: PORTS.runner, targetPort: PORTS.runner },
        { name: 'sidecar', port: PORTS.sidecar, targetPort: PORTS.sidecar },
        { name: 'saver', port: PORTS.saver, targetPort: PORTS.saver },
      ],
    },
  }
}

/** Certificates and the boot token. The pod mounts each container's own part of it, and no more. */
export function secretOf(spec: SandboxSpec, secrets: SandboxSecrets): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(spec),
    type: 'Opaque',
    stringData: {
      ...certificateData(secrets),
      'boot-token': secrets.bootToken,
      ...(spec.settings.extraCa !== undefined && { 'extra-ca.crt': spec.settings.extraCa }),
    },
  }
}

/** What of the Secret is renewed. */
export function certificateData(secrets: Pick<SandboxSecrets, 'runner' | 'sidecar' | 'trust'>): Record<string, string> {
  return {
    'runner.crt': secrets.runner.cert,
    'runner.key': secrets.runner.key,
    'sidecar.crt': secrets.sidecar.cert,
    'sidecar.key': secrets.sidecar.key,
    'ca.crt': secrets.trust,
  }
}

/** One pod, never two: two would write the same repl's files. */
export function deploymentOf(spec: SandboxSpec): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(spec),
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      revisionHistoryLimit: 0,
      // Nothing waits for it: a sandbox that does not come up is told of, and removed, by us.
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { [SANDBOX_LABEL]: spec.sandboxId } },
      template: podTemplate(spec),
    },
  }
}

/** Nobody but the control plane may call in; out to the internet, not to the cluster. */
export function networkPolicyOf(spec: SandboxSpec): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(spec),
    spec: {
      podSelector: { matchLabels: { [SANDBOX_LABEL]: spec.sandboxId } },
      policyTypes: ['Ingress', 'Egress'],
      ...networkPolicyRules(spec.settings.network),
    },
  }
}

/** Hosts of its own for runner, sidecar and who takes the sidecar's place; TLS passes through to them, so that nobody on the way can listen. */
export function ingressOf(spec: SandboxSpec): Manifest | undefined {
  const { ingress } = spec.settings
  if (ingress === undefined) return undefined
  const rule = (listener: keyof typeof PORTS) => ({
    host: ingressHost(spec.sandboxId, listener, ingress.domain),
    http: {
      paths: [
        {
          path: '/',
          pathType: 'Prefix',
          backend: { service: { name: spec.sandboxId, port: { number: PORTS[listener] } } },
        },
      ],
    },
  })
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...metadata(spec), annotations: ingress.annotations },
    spec: {
      ...(ingress.className !== undefined && { ingressClassName: ingress.className }),
      rules: [rule('runner'), rule('sidecar'), rule('saver')],
    },
  }
}

/** `manifest` as something that goes with `owner` (its `metadata.uid`). */
export function ownedBy(manifest: Manifest, owner: { name: string; uid: string }): Manifest {
  const reference = { apiVersion: 'v1', kind: 'Service', ...owner, blockOwnerDeletion: false }
  return { ...manifest, metadata: { ...manifest.metadata, ownerReferences: [reference] } }
}

function metadata({ sandboxId, template, settings }: SandboxSpec): Manifest['metadata'] {
  return {
    name: sandboxId,
    namespace: settings.namespace,
    labels: { ...MANAGED_BY, [SANDBOX_LABEL]: sandboxId, [TEMPLATE_LABEL]: template },
  }
}
