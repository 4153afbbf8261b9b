import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createCertificateAuthority } from '#server/certificates/certificate-authority.ts'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { CONTRACT_LIMITS, POLL, shell, shellIn } from '#server/orchestrator/_stand-in-client.ts'
import { newSandboxId } from '#protocol/ids.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { buildImage, kubectl, makeInstallation, makeNamespace, testSettings } from '../_cluster-stage.ts'
import { openKubeClient } from '../client.ts'
import { PORTS } from '../names.ts'
import type { ClusterSettings } from '../settings.ts'
import { startIngressController } from './_ingress-controller.ts'
import { makeTarget } from './_target.ts'
import type { TestTarget } from './_target.ts'
import { createReach } from './create-reach.ts'
import type { Reach } from './reach.ts'

const image = { registry: 'devex.test/stand-in', tag: 'contract', pullPolicy: 'Never' as const }
const IMAGE = `${image.registry}/devex-sandbox:${image.tag}`
const MIB = 1024 ** 2

const open = new AsyncDisposableStack()
afterAll(() => open.disposeAsync())

let settings: ClusterSettings
let target: TestTarget
let ours: CertificateAuthority
const client = open.use(openKubeClient())

beforeAll(async () => {
  for (const name of ['devex-sandbox', 'devex-template-node']) {
    await buildImage(`${image.registry}/${name}:${image.tag}`, join(import.meta.dirname, '../_stand-in'))
  }
  const namespace = open.use(await makeNamespace())
  const controller = open.use(await startIngressController(client, () => namespace.name))
  const ingress = { domain: 'sandboxes.test', port: controller.port, address: '127.0.0.1', annotations: {} }
  settings = testSettings(namespace.name, { image, ingress })
  ours = await makeAuthority()
  target = await makeTarget({ client, settings, ours, strangers: await makeAuthority(), image: IMAGE })
})

async function makeAuthority(): Promise<CertificateAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-reach-'))
  open.defer(() => rm(folder, { recursive: true }))
  const stateStore = open.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') }))
  return createCertificateAuthority({ stateStore, box: createSecretBox('0123456789abcdef0123456789abcdef') })
}

describe.each(['pod', 'port-forward', 'ingress'] as const)('S11: reached by %s', (kind) => {
  let reach: Reach
  beforeAll(() => {
    reach = createReach({ client, authority: ours, settings: { ...settings, reach: kind } })
  })
  const connect = (part: 'runner' | 'sidecar', changes: { port?: number; sandboxId?: string } = {}) =>
    reach.connect({ ...target, part, port: PORTS[part], ...changes })

  test('the part answers whose certificate and name are right', async () => {
    expect(await ask(await connect('sidecar'), '/')).toBe('here')
  })

  test('bytes arrive as they were sent, both ways', async () => {
    const bytes = randomBytes(8 * MIB)
    const back = await ask(await connect('sidecar'), '/echo', bytes)
    expect(hashOf(Buffer.from(back, 'latin1'))).toBe(hashOf(bytes))
  })

  test('whoever has said all still hears the answer', async () => {
    const connection = await connect('sidecar')
    connection.end('GET / HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n')
    expect(Buffer.concat(await connection.toArray()).toString()).toMatch(/^HTTP\/1.1 200[^]*here/)
  })

  test('several connections at once do not mix', async () => {
    const texts = Array.from({ length: 8 }, (_, at) => `caller ${at} `.repeat(10_000))
    const answers = await Promise.all(
      texts.map(async (text) => ask(await connect('sidecar'), '/echo', Buffer.from(text))),
    )
    expect(answers).toEqual(texts)
  })

  test('a reader that stands still makes the pod wait, and costs little memory', async () => {
    const idle = await connect('sidecar')
    const asking = request({ createConnection: () => idle, path: `/endless?${kind}`, headers: { host: 'x' } })
    asking.once('response', (answer) => answer.pause())
    asking.on('error', () => undefined)
    asking.end()
    const sent = async () => Number(await ask(await connect('sidecar'), `/sent?${kind}`))
    let before = 0
    await expect
      .poll(
        async () => {
          const now = await sent()
          const isStill = now > 0 && now === before
          before = now
          return isStill
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true)
    expect(before).toBeLessThan(64 * MIB)
    idle.destroy()
  })

  test('a certificate of somebody else is refused', async () => {
    await expect(connect('runner')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/certificate/) }) // prettier-ignore
  })

  test('another sandbox that answers in its place is refused', async () => {
    await expect(connect('sidecar', { sandboxId: target.other })).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/altnames/) }) // prettier-ignore
  })

  test('plain HTTP is refused', async () => {
    await expect(connect('sidecar', { port: PORTS.saver })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a pod that is not there is out of reach, soon and with a name', async () => {
    const sandboxId = newSandboxId()
    const nowhere = { sandboxId, pod: sandboxId, address: undefined, part: 'sidecar', port: PORTS.sidecar } as const
    await expect(reach.connect(nowhere)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(sandboxId) }) // prettier-ignore
  })
})

test.each(['port-forward', 'ingress'] as const)(
  'S10: by %s, who takes a dead sidecar’s place is reached too',
  async (reach) => {
    await using installation = await makeInstallation({ ...settings, reach })
    await using orchestrator = installation.open()
    const id = newSandboxId()
    await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
    // Its sidecar answers; the runner may come a moment later.
    const keep = () => shell(orchestrator, id, 'echo kept > /workspace/a').catch(() => undefined)
    await expect.poll(keep, POLL).toMatchObject({ code: 0 })
    // The first time the kubelet starts it anew at once; then it takes its time.
    for (let death = 1; death <= 3; death++) {
      await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'kill -9 $PPID' }).catch(() => undefined)
      await expect.poll(async () => (await orchestrator.get(id))?.deadParts, { timeout: 15_000 }).toContain('sidecar')
      await orchestrator.rescueSave(id)
    }
    const fromPod = (path: string) => kubectl('--namespace', settings.namespace, 'get', 'pods', '--selector', `devex.dev/sandbox=${id}`, '--output', `jsonpath={.items[*]${path}}`) // prettier-ignore
    expect(await fromPod('.spec.ephemeralContainers[*].name')).toMatch(/^saver-/)
    const look = { sandboxId: id, part: 'sidecar', command: 'cat /volume/workspace/a' } as const
    expect(await shellIn(orchestrator, look)).toEqual({ code: 0, output: 'kept\n' })

    // By now the kubelet has brought the sidecar itself back: it is the one again when its stand-in dies.
    await expect.poll(() => fromPod('.status.containerStatuses[?(@.name=="sidecar")].state'), { timeout: 40_000 }).toContain('running') // prettier-ignore
    await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'kill -9 $PPID' }).catch(() => undefined)
    await expect.poll(async () => (await orchestrator.get(id))?.deadParts, { timeout: 15_000 }).toContain('sidecar')
    await orchestrator.rescueSave(id)
    expect(await shellIn(orchestrator, look)).toEqual({ code: 0, output: 'kept\n' })
    await orchestrator.remove(id)
  },
)

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function ask(connection: Duplex, path: string, body?: Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const asking = request({
    createConnection: () => connection,
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: { host: 'sandbox', connection: 'close' },
  })
  asking.once('error', reject)
  asking.once('response', (answer) => {
    let text = ''
    answer.setEncoding('latin1').on('data', (part: string) => (text += part))
    answer.once('error', reject).once('end', () => resolve(text))
  })
  asking.end(body)
  return await promise
}
