import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newId } from '#protocol/ids.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { createCertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { openKubeClient } from './client.ts'
import type { KubeClient } from './client.ts'
import { KubernetesOrchestrator } from './kubernetes.ts'
import type { ClusterSettings } from './settings.ts'

const TESTBED = join(import.meta.dirname, '../../../../shared/testbed')
/** Address of the node, as pods see it: the tests run there. */
export const NODE_ADDRESS = '10.200.0.1'

const run = promisify(execFile)

/** `kubectl` on the cluster under test: what it printed. */
export async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** Builds an image and brings it to the cluster under test. */
export async function buildImage(tag: string, context: string): Promise<void> {
  if (!existsSync(TESTBED)) throw new Error('These tests need the test bed.')
  await run(join(TESTBED, 'image'), [tag, context], { maxBuffer: 64 * 1024 * 1024 })
}

/** A namespace that takes nothing but what Pod Security calls "restricted". */
export interface TestNamespace extends AsyncDisposable {
  name: string
}

export async function makeNamespace(): Promise<TestNamespace> {
  const name = `devex-test-${newId()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 10)}`
  await kubectl('create', 'namespace', name)
  await kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted')
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      // What still runs would try to save for minutes, to a control plane that is gone; and the namespace waits for it.
      await kubectl('--namespace', name, 'delete', 'deployments', '--all', '--wait=false')
      await kubectl('--namespace', name, 'delete', 'replicasets', '--all', '--wait=false')
      await kubectl('--namespace', name, 'delete', 'pods', '--all', '--force', '--grace-period=0', '--wait=false')
      await kubectl('delete', 'namespace', name, '--wait=false')
    },
  }
}

/** Settings for the test bed's cluster. */
export function testSettings(namespace: string, changes: Partial<ClusterSettings> = {}): ClusterSettings {
  return {
    namespace,
    image: { registry: 'devex.test', tag: 'dev', pullPolicy: 'Never' },
    reach: 'pod',
    network: {
      controlPlaneNamespace: 'devex',
      callersFrom: [`${NODE_ADDRESS}/32`],
      egressAllow: [],
      clusterCidrs: [],
    },
    internalUrl: 'https://127.0.0.1:9',
    ...changes,
  }
}

/** Orchestrators of one installation: they share its authority and its keys. */
export interface Installation extends AsyncDisposable {
  open(changes?: { log?: ReturnType<typeof createLog> }): KubernetesOrchestrator
  client(): KubeClient
}

export async function makeInstallation(settings: ClusterSettings): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-cluster-'))
  const stateStore = await openSqliteStateStore({ file: join(folder, 'state.sqlite') })
  const box = createSecretBox('0123456789abcdef0123456789abcdef')
  const authority = createCertificateAuthority({ stateStore, box })
  const tokens = createTokens(newSigningKey())
  const client = () => openKubeClient()
  return {
    client,
    open: ({ log = createLog({ level: 'error', format: 'text' }) } = {}) =>
      new KubernetesOrchestrator({
        client: client(),
        settings,
        authority,
        tokens,
        serveCalls: (connection) => connection.destroy(),
        log,
      }),
    [Symbol.asyncDispose]: async () => {
      await stateStore[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}
