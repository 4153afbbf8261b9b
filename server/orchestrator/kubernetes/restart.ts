import { AppError } from '#server/errors.ts'
import type { SandboxPart } from '../orchestrator.ts'
import { knock } from './knock.ts'
import type { Cluster } from './kubernetes.ts'
import { READY_POLL_MS, RESTART_WAIT_MS, REVIVE_WAIT_MS, SAVER_WAIT_MS } from './limits.ts'
import { PORTS } from './names.ts'
import { pause } from './pause.ts'
import { saverContainer } from './pod-template.ts'
import { acknowledgeRestarts, writeSaver } from './record.ts'
import { podOf, sandboxOf } from './view.ts'
import type { Seen } from './view.ts'

interface Restart {
  sandboxId: string
  signal: AbortSignal
}

/** Waits for the kubelet, which starts a dead runner anew on the same volume, and takes the new one for the runner. */
export async function restartRunner(cluster: Cluster, { sandboxId, signal }: Restart): Promise<void> {
  if (await comesBack(cluster, { sandboxId, signal }, { part: 'runner', withinMs: REVIVE_WAIT_MS })) return
  throw new AppError('unavailable', `The runner of sandbox ${sandboxId} does not start again.`, {
    advice: 'Stop the REPL: its files are saved, and the next start has a fresh sandbox.',
  })
}

/** The same for a sidecar; where the kubelet takes its time, an ephemeral container takes its place. */
export async function restartSidecar(cluster: Cluster, { sandboxId, signal }: Restart): Promise<void> {
  if (await comesBack(cluster, { sandboxId, signal }, { part: 'sidecar', withinMs: RESTART_WAIT_MS })) return
  const seen = await cluster.roster.ask(sandboxId)
  const pod = seen === undefined ? undefined : podOf(seen)
  if (pod === undefined) throw new AppError('gone', `The sandbox ${sandboxId} has no pod any more.`)
  // Never a name that was there before: the cluster keeps ephemeral containers for as long as the pod.
  const name = `saver-${pod.status.ephemeralContainerStatuses.length + 1}-${Date.now().toString(36)}`
  cluster.log.warn('a sidecar does not come back; another one takes its place', { sandbox: sandboxId, container: name })
  const { settings, tokens } = cluster
  await cluster.client.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${settings.namespace}/pods/${pod.metadata.name}/ephemeralcontainers`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      spec: { ephemeralContainers: [saverContainer({ sandboxId, publicKey: tokens.publicKey, settings }, name)] },
    },
    signal,
  })
  await untilItAnswers(cluster, { sandboxId, signal }, { part: 'sidecar', port: PORTS.saver, withinMs: SAVER_WAIT_MS })
  await writeSaver(cluster, sandboxId, name)
}

/** Whether a part answers again in time, and is not the one that died: then its restarts so far are settled. */
async function comesBack(
  cluster: Cluster,
  { sandboxId, signal }: Restart,
  { part, withinMs }: { part: SandboxPart; withinMs: number },
): Promise<boolean> {
  try {
    await untilItAnswers(cluster, { sandboxId, signal }, { part, port: PORTS[part], withinMs })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AppError && error.code === 'unavailable') return false
    throw error
  }
  // The cluster hears of a restart up to a second later than we: it would tell of the new one's death then.
  const until = Date.now() + RESTART_WAIT_MS
  const isKnown = () => {
    const seen = cluster.roster.get(sandboxId)
    return seen !== undefined && sandboxOf(seen)?.deadParts?.includes(part) === true && isRunning(seen, part)
  }
  while (!isKnown() && Date.now() < until) await pause(READY_POLL_MS, signal)
  await acknowledgeRestarts(cluster, sandboxId, part)
  return true
}

function isRunning(seen: Seen, part: SandboxPart): boolean {
  return (
    podOf(seen)?.status.containerStatuses.some(({ name, state }) => name === part && state.running !== undefined) ===
    true
  )
}

async function untilItAnswers(
  cluster: Cluster,
  { sandboxId, signal }: Restart,
  { part, port, withinMs }: { part: SandboxPart; port: number; withinMs: number },
): Promise<void> {
  const until = Date.now() + withinMs
  for (;;) {
    const seen = await cluster.roster.find(sandboxId)
    if (seen === undefined || sandboxOf(seen) === undefined)
      throw new AppError('gone', `The sandbox ${sandboxId} is gone.`)
    try {
      // Through an ingress the pod that takes its place would answer, which has another volume.
      if (podOf(seen)?.metadata.deletionTimestamp !== undefined)
        throw new AppError(
          'unavailable',
          `The cluster is ending the pod of sandbox ${sandboxId}, which saves its work.`,
        )
      return await knock(cluster, seen, { part, port })
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await pause(READY_POLL_MS, signal)
  }
}
