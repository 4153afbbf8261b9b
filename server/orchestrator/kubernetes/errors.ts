import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import { CONTAINER_HOPELESS_AFTER_MS, IMAGE_HOPELESS_AFTER_MS, UNSCHEDULABLE_AFTER_MS } from './limits.ts'
import type { Pod } from './objects.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const statusSchema = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ kind: z.string().optional(), name: z.string().optional() }).optional(),
})

/** A refusal of the API server in our words. */
export function apiError(status: number, text: string): AppError {
  const { message = text.slice(0, 300), details } = parseStatus(text)
  const cause = new Error(`${status}: ${message}`)
  if (/exceeded quota/.test(message)) {
    return new AppError('quota_exceeded', `The cluster has no room for another sandbox: ${afterColon(message)}.`, {
      cause,
      advice: 'Stop a REPL, or let the administrator raise the ResourceQuota of the namespace.',
    })
  }
  const forbidden =
    /cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?(?:.* in the namespace "([^"]+)")?/.exec(message)
  if (forbidden !== null) {
    const [, verb = '', resource = '', group = '', namespace] = forbidden
    const what = group === '' ? resource : `${resource}.${group}`
    return new AppError(
      'unavailable',
      `The control plane may not ${verb} ${what}${namespace === undefined ? '' : ` in the namespace ${namespace}`}.`,
      {
        cause,
        advice: `Grant the verb "${verb}" on "${what}" to its service account (kubectl apply -k with the overlay that was installed), and check with npm run doctor.`,
      },
    )
  }
  switch (status) {
    case 401:
      return new AppError('unavailable', 'The cluster does not accept the credentials of the kubeconfig.', {
        cause,
        advice: 'Renew them, then try again.',
      })
    case 404:
      return new AppError('not_found', `The cluster has no ${details?.kind ?? 'object'} ${details?.name ?? ''}.`, {
        cause,
      })
    case 409:
      return new AppError('conflict', `The cluster refuses: ${message}`, { cause })
    case 410:
      return new AppError('gone', 'The cluster has forgotten what came before.', { cause })
    case 400:
    case 403:
    case 422:
      return new AppError('internal', `The cluster refuses an object of a sandbox: ${message}`, {
        cause,
        advice: 'An admission policy may forbid it; the message names the field.',
      })
    default:
      return new AppError('unavailable', `The cluster's API server answered ${status}: ${message}`, { cause })
  }
}

/** Whether the same call may succeed later: the server was away or too busy. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'unavailable') return false
  return !/may not|does not accept/.test(error.message)
}

/** Why this pod will not come up by itself; `undefined` while it still may. `waitedMs`: since it was asked for. */
export function hopelessness(pod: Pod, waitedMs: number): AppError | undefined {
  const unscheduled = pod.status.conditions.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  )
  if (unscheduled !== undefined && waitedMs >= UNSCHEDULABLE_AFTER_MS) {
    return new AppError(
      'unavailable',
      `No node of the cluster has room for this sandbox: ${unscheduled.message ?? ''}`,
      {
        advice: 'Stop a REPL, add a node, or lower SANDBOX_MEMORY_BYTES and SANDBOX_CPUS.',
      },
    )
  }
  for (const { image, state } of pod.status.containerStatuses) {
    const { reason = '', message = '' } = state.waiting ?? {}
    const isForGood = reason === 'ErrImageNeverPull' || reason === 'InvalidImageName'
    const isPull = isForGood || reason === 'ImagePullBackOff' || reason === 'ErrImagePull'
    if (isPull && (isForGood || waitedMs >= IMAGE_HOPELESS_AFTER_MS)) {
      return new AppError('unavailable', `The image ${image} of this sandbox cannot be had (${reason}).`, {
        cause: new Error(message),
        advice: 'Build and push the images with npm run images, and check IMAGE_REGISTRY and IMAGE_TAG.',
      })
    }
    if (
      /^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/.test(reason) &&
      waitedMs >= CONTAINER_HOPELESS_AFTER_MS
    ) {
      return new AppError('unavailable', `A container of this sandbox cannot be started (${reason}): ${message}`, {
        advice: 'The message comes from the node; npm run doctor checks what it can.',
      })
    }
    if (reason === 'CrashLoopBackOff') {
      return new AppError('unavailable', `A container of this sandbox ends as soon as it starts (${image}).`, {
        advice: 'Look at its log: kubectl logs. The image may be of another version than this control plane.',
      })
    }
  }
  return undefined
}

/** Why a part of it died, for a person. */
export function deathOf(pod: Pod, container: string): string {
  const status = pod.status.containerStatuses.find(({ name }) => name === container)
  const ended = status?.state.terminated ?? status?.lastState.terminated
  if (ended?.reason === 'OOMKilled') return `its ${container} used more memory than it may have, and was ended`
  if (ended?.exitCode === undefined) return `its ${container} ended`
  return `its ${container} ended with ${ended.exitCode}${ended.reason === undefined ? '' : ` (${ended.reason})`}`
}

function parseStatus(text: string): z.output<typeof statusSchema> {
  try {
    return statusSchema.parse(JSON.parse(text))
  } catch {
    return {}
  }
}

/** `…: exceeded quota: …, requested: x` without what stands before the quota. */
function afterColon(message: string): string {
  return message.slice(message.indexOf('exceeded quota'))
}
