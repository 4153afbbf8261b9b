import { AppError } from '#server/errors.ts'
import type { SandboxLabel, SandboxPart } from '../orchestrator.ts'
import type { Cluster } from './kubernetes.ts'
import { MAX_WRITE_ATTEMPTS } from './limits.ts'
import {
  ADDRESS_ANNOTATION,
  GENERATION_LABEL,
  POD_ANNOTATION,
  RENEWED_ANNOTATION,
  REPL_LABEL,
  RESTARTS_ANNOTATION,
  SAVER_ANNOTATION,
} from './names.ts'
import { recordSchema } from './objects.ts'
import type { SandboxRecord } from './objects.ts'
import { addressOf, podOf, restartsOf } from './view.ts'
import type { Seen } from './view.ts'

/** What is to be written to a record, `null` to take out; `undefined`: nothing. */
interface Change {
  labels?: Record<string, string>
  annotations?: Record<string, string | null>
}

/** Writes whose the sandbox is, once and for all. */
export async function writeLabel(cluster: Cluster, sandboxId: string, label: SandboxLabel): Promise<void> {
  const labels = { [REPL_LABEL]: label.replId, [GENERATION_LABEL]: String(label.generation) }
  const seen = await changeRecord(cluster, sandboxId, ({ record }) => {
    const { [REPL_LABEL]: replId, [GENERATION_LABEL]: generation } = record.metadata.labels
    if (replId === undefined) return { labels }
    if (replId === label.replId && generation === String(label.generation)) return undefined
    throw new AppError('conflict', `The sandbox ${sandboxId} belongs to another REPL or generation.`)
  })
  // Nobody waits for it.
  void labelForPeople(cluster, seen, labels)
}

/** Notes that the sandbox is up, which pod it is and where. Only the first pod of a sandbox ever is. */
export async function markUp(cluster: Cluster, sandboxId: string, { address }: { address: string }): Promise<void> {
  await changeRecord(cluster, sandboxId, (seen) => {
    if (addressOf(seen) !== undefined) return undefined
    const pod = podOf(seen)
    if (pod === undefined) throw new AppError('unavailable', `The pod of sandbox ${sandboxId} is not known yet.`)
    return { annotations: { [ADDRESS_ANNOTATION]: address, [POD_ANNOTATION]: pod.metadata.uid } }
  })
}

/** Notes that a container's restarts so far have been dealt with: it is the part again, whoever had taken its place. */
export async function acknowledgeRestarts(cluster: Cluster, sandboxId: string, part: SandboxPart): Promise<void> {
  await changeRecord(cluster, sandboxId, (seen) => ({
    annotations: {
      [RESTARTS_ANNOTATION[part]]: String(restartsOf(podOf(seen), part)),
      ...(part === 'sidecar' && { [SAVER_ANNOTATION]: null }),
    },
  }))
}

/** Notes which ephemeral container has taken the sidecar's place. */
export async function writeSaver(cluster: Cluster, sandboxId: string, name: string): Promise<void> {
  await changeRecord(cluster, sandboxId, () => ({ annotations: { [SAVER_ANNOTATION]: name } }))
}

/** Notes when the certificates were renewed. */
export async function noteRenewal(cluster: Cluster, sandboxId: string, at: number): Promise<void> {
  await changeRecord(cluster, sandboxId, () => ({ annotations: { [RENEWED_ANNOTATION]: String(at) } }))
}

/** Writes what `decide` makes of the newest record; against others who write it too, it decides anew. */
async function changeRecord(
  { client, roster, settings }: Cluster,
  sandboxId: string,
  decide: (seen: Seen) => Change | undefined,
): Promise<Seen> {
  let seen = await roster.find(sandboxId)
  for (let attempt = 1; ; attempt++) {
    if (seen === undefined) throw new AppError('not_found', `There is no sandbox ${sandboxId}.`)
    const change = decide(seen)
    if (change === undefined) return seen
    const { resourceVersion } = seen.record.metadata
    try {
      const record: SandboxRecord = recordSchema.parse(
        await client.call({
          method: 'PATCH',
          path: `/api/v1/namespaces/${settings.namespace}/services/${sandboxId}`,
          contentType: 'application/merge-patch+json',
          body: { metadata: { resourceVersion, ...change } },
        }),
      )
      roster.wrote(record)
      return { record, pods: seen.pods }
    } catch (error) {
      const isRace = error instanceof AppError && error.code === 'conflict'
      if (!isRace || attempt === MAX_WRITE_ATTEMPTS) throw error
      seen = await roster.ask(sandboxId)
    }
  }
}

/** On the pod too, for whoever looks with kubectl; nothing here reads it. */
async function labelForPeople(
  { client, settings, log }: Cluster,
  seen: Seen,
  labels: Record<string, string>,
): Promise<void> {
  const pod = podOf(seen)
  if (pod === undefined) return
  try {
    await client.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${settings.namespace}/pods/${pod.metadata.name}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels } },
      patienceMs: 0,
    })
  } catch (error) {
    log.debug('a pod could not be labelled', { pod: pod.metadata.name, error: String(error) })
  }
}
