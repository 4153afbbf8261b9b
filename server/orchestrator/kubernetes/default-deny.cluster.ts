import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildImage, kubectl, makeNamespace } from './_cluster-stage.ts'
import { openKubeClient } from './client.ts'
import { denyByDefault } from './default-deny.ts'
import { MANAGED_BY } from './names.ts'

const IMAGE = 'devex.test/stand-in/devex-sandbox:contract'
const POLL = { timeout: 60_000, interval: 200 }
/** Ends with 0 if the API server can be connected to time and again: policies take hold soon after a pod has begun. */
const CONNECT = `const { connect } = require('net'); let left = 20
const next = () => {
  if (left-- === 0) process.exit(0)
  const socket = connect(443, process.env.KUBERNETES_SERVICE_HOST)
  const timer = setTimeout(() => process.exit(1), 3000)
  socket.on('error', () => process.exit(1))
  socket.on('connect', () => { clearTimeout(timer); socket.destroy(); setTimeout(next, 300) })
}
next()`

test('S7: a pod of ours without a policy of its own reaches nothing', async () => {
  await buildImage(IMAGE, join(import.meta.dirname, '_stand-in'))
  await using namespace = await makeNamespace()
  using client = openKubeClient()
  await denyByDefault(client, namespace.name)
  await denyByDefault(client, namespace.name)
  run(namespace.name, 'ours', { ...MANAGED_BY })
  run(namespace.name, 'another', {})
  const phase = (pod: string) =>
    kubectl('--namespace', namespace.name, 'get', 'pod', pod, '--output', 'jsonpath={.status.phase}')
  await expect.poll(() => phase('another'), POLL).toBe('Succeeded')
  await expect.poll(() => phase('ours'), POLL).toBe('Failed')
})

function run(namespace: string, name: string, labels: Record<string, string>): void {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'connect',
          image: IMAGE,
          imagePullPolicy: 'Never',
          command: ['node', '-e', CONNECT],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
  execFileSync('kubectl', ['apply', '--filename', '-'], { input: JSON.stringify(pod), stdio: 'pipe' })
}
