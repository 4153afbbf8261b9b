import { newSandboxId } from '#protocol/ids.ts'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { z } from 'zod'
import type { KubeClient } from '../client.ts'
import { ingressOf, serviceOf } from '../manifests.ts'
import type { Manifest, SandboxSpec } from '../manifests.ts'
import { PORTS, SANDBOX_LABEL, ingressHost, serverName } from '../names.ts'
import type { ClusterSettings } from '../settings.ts'

/** Serves what the tests of ways to a pod need: a believable part, one with a stranger's certificate, one without TLS. */
const PROGRAM = `
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import { readFileSync } from 'node:fs'
const read = (name) => readFileSync('/serve/' + name)
const sent = new Map()
const answer = (request, response) => {
  if (request.url === '/echo') return void request.pipe(response)
  const [path, name] = request.url.split('?')
  if (path === '/sent') return void response.end(String(sent.get(name) ?? 0))
  if (path !== '/endless') return void response.end('here')
  const piece = Buffer.alloc(65536)
  const more = () => { while (!response.destroyed) { sent.set(name, (sent.get(name) ?? 0) + piece.length); if (!response.write(piece)) return } }
  response.on('drain', more)
  more()
}
createTls({ cert: read('ours.crt'), key: read('ours.key') }, answer).listen(${PORTS.sidecar})
createTls({ cert: read('strangers.crt'), key: read('strangers.key') }, answer).listen(${PORTS.runner})
createServer(answer).listen(${PORTS.saver})
process.on('SIGTERM', () => process.exit(0))
`

const podSchema = z.object({ status: z.object({ podIP: z.string().optional(), phase: z.string() }) })

/** A pod that stands for a sandbox's: its sidecar is ours, its runner has a stranger's certificate, its saver none. */
export interface TestTarget {
  sandboxId: string
  /** Another sandbox's id, under whose hosts the Ingress leads here too. */
  other: string
  pod: string
  address: string
}

interface Making {
  client: KubeClient
  settings: ClusterSettings
  ours: CertificateAuthority
  strangers: CertificateAuthority
  image: string
}

export async function makeTarget({ client, settings, ours, strangers, image }: Making): Promise<TestTarget> {
  const sandboxId = newSandboxId()
  const other = newSandboxId()
  const names = (part: 'runner' | 'sidecar') => [
    serverName(sandboxId, part),
    ingressHost(sandboxId, part, settings.ingress?.domain ?? 'nowhere.test'),
  ]
  const good = await ours.issue({ names: names('sidecar'), ms: 3_600_000 })
  const bad = await strangers.issue({ names: names('runner'), ms: 3_600_000 })
  const spec: SandboxSpec = {
    sandboxId,
    template: 'none',
    limits: { memoryBytes: 1, cpus: 1, processes: 1, diskBytes: 1 },
    publicKey: '',
    settings,
  }
  const files = {
    'serve.mjs': PROGRAM,
    'ours.crt': good.cert,
    'ours.key': good.key,
    'strangers.crt': bad.cert,
    'strangers.key': bad.key,
  }
  const { namespace } = settings
  const create = (collection: string, body: object) => client.call({ method: 'POST', path: collection, body })
  const core = `/api/v1/namespaces/${namespace}`
  const ingresses = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
  await create(`${core}/secrets`, { metadata: { name: sandboxId }, stringData: files })
  await create(`${core}/services`, serviceOf(spec))
  await create(ingresses, required(ingressOf(spec)))
  const elsewhere = JSON.stringify(required(ingressOf({ ...spec, sandboxId: other })))
  await create(ingresses, JSON.parse(elsewhere.replaceAll(`"service":{"name":"${other}"`, `"service":{"name":"${sandboxId}"`))) // prettier-ignore
  await create(`${core}/pods`, podOf(sandboxId, image))
  return { sandboxId, other, pod: sandboxId, address: await addressOf(client, `${core}/pods/${sandboxId}`) }
}

function podOf(name: string, image: string): object {
  return {
    metadata: { name, labels: { [SANDBOX_LABEL]: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'part',
          image,
          imagePullPolicy: 'Never',
          command: ['node', '/serve/serve.mjs'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          readinessProbe: { tcpSocket: { port: PORTS.saver }, periodSeconds: 1 },
          volumeMounts: [{ name: 'serve', mountPath: '/serve' }],
        },
      ],
      volumes: [{ name: 'serve', secret: { secretName: name } }],
    },
  }
}

async function addressOf(client: KubeClient, path: string): Promise<string> {
  const answer = await client.stream({
    method: 'GET',
    path: path.slice(0, path.lastIndexOf('/')),
    query: { watch: 'true', fieldSelector: `metadata.name=${path.slice(path.lastIndexOf('/') + 1)}` },
  })
  let text = ''
  for await (const part of answer) {
    text += String(part)
    for (const line of text.split('\n').slice(0, -1)) {
      const { object } = z.object({ object: z.unknown() }).parse(JSON.parse(line))
      const ready = z.object({ status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }) }).parse(object) // prettier-ignore
      const { status } = podSchema.parse(object)
      const isReady = ready.status.conditions?.some((is) => is.type === 'Ready' && is.status === 'True') === true
      if (isReady && status.podIP !== undefined) return status.podIP
    }
    text = text.slice(text.lastIndexOf('\n') + 1)
  }
  throw new Error('The pod did not come up.')
}

function required(manifest: Manifest | undefined): Manifest {
  if (manifest === undefined) throw new Error('These settings have an Ingress.')
  return manifest
}
