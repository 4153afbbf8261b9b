import { createSecretBox } from '#server/auth/secret-box.ts'
import { openDataFolder } from '#server/data-folder.ts'
import type { Env } from '#server/env.ts'
import { openObjectStore, openStateStore } from '#server/open-stores.ts'
import { addressChecks } from './address-checks.ts'
import { examine, ok } from './check.ts'
import type { Check, Examined } from './check.ts'
import { clusterChecks } from './cluster-checks.ts'
import type { ClusterEnv } from './cluster-checks.ts'
import { skewByHeader } from './clock.ts'
import { LOOK_TIMEOUT_MS } from './limits.ts'
import { objectStoreChecks } from './object-store-checks.ts'
import { redisChecks, stateStoreChecks } from './state-store-checks.ts'

/** Looks at everything that an installation with these settings needs, one thing after the other. Changes nothing. */
export async function* examineAll(env: Env): AsyncGenerator<Examined> {
  yield* examineStateStore(env)
  yield* examineObjectStore(env)
  if (env.orchestrator.provider === 'kubernetes') yield* examineCluster(env.orchestrator)
  yield* examineEach(
    addressChecks({
      publicUrl: new URL(env.PUBLIC_URL ?? `http://localhost:${env.PORT}`),
      previewDomain: env.PREVIEW_DOMAIN ?? 'localhost',
    }),
  )
}

async function* examineStateStore(env: Env): AsyncGenerator<Examined> {
  await using opened = new AsyncDisposableStack()
  const checks: Check[] = []
  yield await examine({
    name: `state store: ${env.stateStore.provider}`,
    look: async () => {
      const { path } = await openDataFolder(env.DEVEX_DATA)
      checks.push(...stateStoreChecks(opened.use(await openStateStore(env, path))))
      return ok('answers')
    },
  })
  if (env.stateStore.provider === 'redis' && checks.length > 0) checks.push(...redisChecks(env.stateStore.url))
  yield* examineEach(checks)
}

async function* examineObjectStore(env: Env): AsyncGenerator<Examined> {
  await using opened = new AsyncDisposableStack()
  const checks: Check[] = []
  yield await examine({
    name: `object store: ${env.objectStore.provider}`,
    look: async () => {
      const { path, secret } = await openDataFolder(env.DEVEX_DATA)
      const box = createSecretBox(env.DEVEX_SECRET ?? secret)
      checks.push(...objectStoreChecks(opened.use(await openObjectStore(env, { folder: path, box }))))
      return ok('answers')
    },
  })
  if (env.objectStore.provider === 's3' && checks.length > 0) {
    const endpoint = env.objectStore.endpoint ?? `https://s3.${env.objectStore.region}.amazonaws.com`
    checks.push({ name: 'clock: object store', look: () => clockOf(endpoint) })
  }
  yield* examineEach(checks)
}

async function clockOf(endpoint: string) {
  const asked = Date.now()
  const answer = await fetch(endpoint, { method: 'HEAD', signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) })
  return skewByHeader('the object store', answer.headers.get('date'), asked)
}

async function* examineCluster(env: ClusterEnv): AsyncGenerator<Examined> {
  // Only here: the client of the cluster takes 0.4 s and 60 MiB.
  const { openKubeClient } = await import('#server/orchestrator/kubernetes/client.ts')
  using opened = new DisposableStack()
  const checks: Check[] = []
  yield await examine({
    name: 'cluster: API server',
    look: async () => {
      const client = opened.use(openKubeClient(env.kubeconfig))
      await client.call({ method: 'GET', path: '/version', patienceMs: 0 })
      checks.push(...clusterChecks(client, env))
      return ok('answers')
    },
  })
  yield* examineEach(checks)
}

async function* examineEach(checks: Check[]): AsyncGenerator<Examined> {
  for (const check of checks) yield await examine(check)
}
