import { deathOf } from './errors.ts'
import { OVERDUE_MS, STRANDED_MS } from './limits.ts'
import {
  ADDRESS_ANNOTATION,
  CREATED_ANNOTATION,
  GENERATION_LABEL,
  IMAGE_ANNOTATION,
  PARTS,
  POD_ANNOTATION,
  REPL_LABEL,
  RESTARTS_ANNOTATION,
  SAVER_ANNOTATION,
  TEMPLATE_LABEL,
} from './names.ts'
import type { Pod, SandboxRecord } from './objects.ts'
import type { Sandbox, SandboxPart } from '#server/orchestrator/orchestrator.ts'

/** A sandbox as the cluster has it: its record, and the pods that carry its name. */
export interface Seen {
  record: SandboxRecord
  pods: Pod[]
}

/**
 * What it is for us. `undefined`: it is gone. A sandbox whose pod was replaced is gone with the pod, whatever runs in
 * its name now: the work was on the old one's volume. `imageOf`: what a template's sandboxes are made from now.
 */
export function sandboxOf(seen: Seen, imageOf?: (template: string) => string): Sandbox | undefined {
  const { metadata } = seen.record
  if (metadata.deletionTimestamp !== undefined || isLost(seen)) return undefined
  const replId = metadata.labels[REPL_LABEL]
  const deadParts = deadPartsOf(seen)
  const pod = podOf(seen)
  const isUp = metadata.annotations[ADDRESS_ANNOTATION] !== undefined
  const template = metadata.labels[TEMPLATE_LABEL] ?? ''
  const isOutdated = imageOf !== undefined && metadata.annotations[IMAGE_ANNOTATION] !== imageOf(template)
  return {
    id: metadata.name,
    template,
    state: deadParts.length > 0 ? 'dead' : isUp ? 'up' : 'starting',
    createdAt: Number(metadata.annotations[CREATED_ANNOTATION] ?? Date.parse(metadata.creationTimestamp)),
    ...(isOutdated && { isOutdated }),
    ...(replId !== undefined && { label: { replId, generation: Number(metadata.labels[GENERATION_LABEL]) } }),
    ...(deadParts.length > 0 && {
      deadParts,
      reason: `In this sandbox ${deadParts.map((part) => (pod === undefined ? part : deathOf(pod, part))).join(', and ')}.`,
    }),
  }
}

/** The pod that holds its work; before anybody said which, the youngest that is not being ended. */
export function podOf({ record, pods }: Seen): Pod | undefined {
  const uid = record.metadata.annotations[POD_ANNOTATION]
  if (uid !== undefined) return pods.find(({ metadata }) => metadata.uid === uid)
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp))[0]
}

/** Whether its pod is gone behind our back. One that is being ended in order still saves, and is waited for. */
export function isLost(seen: Seen): boolean {
  if (seen.record.metadata.annotations[POD_ANNOTATION] === undefined) return false
  const pod = podOf(seen)
  if (pod === undefined || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  if (deletionTimestamp === undefined) return false
  const endsAt = Date.parse(deletionTimestamp)
  const lostAt = isStranded(pod) ? endsAt - deletionGracePeriodSeconds * 1000 + STRANDED_MS : endsAt + OVERDUE_MS
  return Date.now() > lostAt
}

/**
 * Whether the cluster ends it because its node does not answer: nobody there ends it, or will say that it ended. On a
 * node that somebody tainted, it still saves: a node that answers changes Ready with ContainersReady, and of a silent one
 * the cluster takes back Ready alone. https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
 */
export function isStranded({ status: { conditions } }: Pod): boolean {
  const find = (type: string) => conditions.find((condition) => condition.type === type)
  const disruption = find('DisruptionTarget')
  if (disruption?.status !== 'True' || disruption.reason !== 'DeletionByTaintManager') return false
  return find('ContainersReady')?.status === 'True' && find('Ready')?.status === 'False'
}

/** What happened to a lost one, in words for a person. */
export function lossOf(seen: Seen): string {
  const pod = podOf(seen)
  if (pod === undefined) return 'its pod was deleted'
  if (isStranded(pod)) return 'its node does not answer'
  const { phase, reason, message, conditions } = pod.status
  const disruption = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
  if (disruption !== undefined)
    return said(`the cluster ended its pod (${disruption.reason ?? 'Disrupted'})`, disruption.message)
  if (phase === 'Failed' || phase === 'Succeeded') return said(`its pod ended (${reason ?? phase})`, message)
  return 'its node does not say that it ended'
}

function said(what: string, more = ''): string {
  return more === '' ? what : `${what}: ${more.trim().replace(/\.$/, '')}`
}

/** Where the parts are reached. */
export function addressOf({ record }: Seen): string | undefined {
  return record.metadata.annotations[ADDRESS_ANNOTATION]
}

/** The ephemeral container in the sidecar's place, if there is one. */
export function saverOf({ record }: Seen): string | undefined {
  return record.metadata.annotations[SAVER_ANNOTATION]
}

/** How often a container was started anew. */
export function restartsOf(pod: Pod | undefined, part: SandboxPart): number {
  return pod?.status.containerStatuses.find(({ name }) => name === part)?.restartCount ?? 0
}

/** Parts that died since somebody last brought them back: a new process knows nothing of what the old one did. */
function deadPartsOf(seen: Seen): SandboxPart[] {
  const pod = podOf(seen)
  if (pod === undefined || addressOf(seen) === undefined) return []
  const saver = saverOf(seen)
  return PARTS.filter((part) => {
    if (part === 'sidecar' && saver !== undefined) {
      return pod.status.ephemeralContainerStatuses.some(
        ({ name, state }) => name === saver && state.terminated !== undefined,
      )
    }
    const acknowledged = Number(seen.record.metadata.annotations[RESTARTS_ANNOTATION[part]] ?? 0)
    const status = pod.status.containerStatuses.find(({ name }) => name === part)
    return restartsOf(pod, part) > acknowledged || status?.state.terminated !== undefined
  })
}
