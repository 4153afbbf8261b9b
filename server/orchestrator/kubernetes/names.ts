import type { SandboxPart } from '#server/orchestrator/orchestrator.ts'

/** Names and numbers on which objects in the cluster and code here agree. Objects are named by sandbox id. */

export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'devex' } as const

/** Labels. */
export const SANDBOX_LABEL = 'devex.dev/sandbox'
export const REPL_LABEL = 'devex.dev/repl'
export const GENERATION_LABEL = 'devex.dev/generation'
export const TEMPLATE_LABEL = 'devex.dev/template'
/** On pods of the control plane's namespace that sandboxes may call: the control plane, an object store for trials. */
export const REACHABLE_LABEL = 'devex.dev/reachable-from-sandboxes'

/** Annotations of a sandbox's Service, which is its record. */
export const IMAGE_ANNOTATION = 'devex.dev/image'
/** When it was asked for, in milliseconds since the epoch: the cluster's own time stamps have whole seconds. */
export const CREATED_ANNOTATION = 'devex.dev/created-at'
/** When its certificates were renewed, in the same way. */
export const RENEWED_ANNOTATION = 'devex.dev/certificates-renewed-at'
/** The pod that holds the work: another one of the same Deployment does not. */
export const POD_ANNOTATION = 'devex.dev/pod'
/** Where the pod is, as its sidecar said. */
export const ADDRESS_ANNOTATION = 'devex.dev/address'
/** How many restarts of a container have been dealt with: one more, and what it knew is lost. */
export const RESTARTS_ANNOTATION: Record<SandboxPart, string> = {
  runner: 'devex.dev/runner-restarts',
  sidecar: 'devex.dev/sidecar-restarts',
}
/** The ephemeral container that has taken the sidecar's place. */
export const SAVER_ANNOTATION = 'devex.dev/saver'

export const PARTS: readonly SandboxPart[] = ['runner', 'sidecar']

export const PORTS = { runner: 7001, sidecar: 7002, saver: 7003 } as const

/** The name in the certificate of a part: nobody else can prove to have it. */
export function serverName(sandboxId: string, part: SandboxPart): string {
  return `${part}.${sandboxId}.sandbox.devex`
}

/** The host of what listens on one of `PORTS`, under the domain of an installation's Ingress: hosts are all it tells apart. */
export function ingressHost(sandboxId: string, listener: keyof typeof PORTS, domain: string): string {
  return `${listener}-${sandboxId}.${domain}`
}

/** Image of a template, or (`sandbox`) of the sidecar. */
export function imageName(
  what: { template: string } | 'sandbox',
  { registry, tag }: { registry: string; tag: string },
): string {
  const name = what === 'sandbox' ? 'devex-sandbox' : `devex-template-${what.template}`
  return `${registry === '' ? '' : `${registry}/`}${name}:${tag}`
}
