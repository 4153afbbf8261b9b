import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { CONTRACT_LIMITS, shellIn } from '#server/orchestrator/_stand-in-client.ts'
import { buildImage, kubectl, makeInstallation, makeNamespace, testSettings } from './_cluster-stage.ts'
import { RENEW_CERTIFICATES_MS } from './limits.ts'
import { CREATED_ANNOTATION, PARTS, RENEWED_ANNOTATION } from './names.ts'

/** The kubelet looks at what it has mounted every minute or two. */
const SYNC_MS = 240_000
const UP_MS = 30_000

test(
  'S11: a sandbox that runs for long gets new certificates in its pod, each part its own',
  { timeout: 2 * SYNC_MS },
  async () => {
    const image = { registry: 'devex.test/stand-in', tag: 'contract', pullPolicy: 'Never' as const }
    for (const name of ['devex-sandbox', 'devex-template-node']) {
      await buildImage(`${image.registry}/${name}:${image.tag}`, join(import.meta.dirname, '_stand-in'))
    }
    await using namespace = await makeNamespace()
    await using installation = await makeInstallation(testSettings(namespace.name, { image }))
    await using orchestrator = installation.open()
    const id = newSandboxId()
    await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
    const shown = async () => {
      const read = PARTS.map((part) =>
        shellIn(orchestrator, { sandboxId: id, part, command: 'cat /run/devex/tls/tls.crt' }),
      )
      return (await Promise.all(read)).map(({ output }) => new X509Certificate(output))
    }
    // A sandbox is up once its sidecar is: its runner may listen a moment later.
    const isUp = () =>
      shown().then(
        () => true,
        () => false,
      )
    await expect.poll(isUp, { timeout: UP_MS }).toBe(true)
    const before = await shown()
    const annotationOf = async (name: string) =>
    (await kubectl('--namespace', namespace.name, 'get', 'service', id, '--output', `jsonpath={.metadata.annotations.${name.replaceAll('.', String.raw`\.`)}}`)).trim() // prettier-ignore

    await orchestrator.list()
    expect(await annotationOf(RENEWED_ANNOTATION)).toBe('')

    const longAgo = Date.now() - RENEW_CERTIFICATES_MS - 1000
    await kubectl('--namespace', namespace.name, 'annotate', 'service', id, `${CREATED_ANNOTATION}=${longAgo}`, '--overwrite') // prettier-ignore
    await orchestrator.list()
    await expect.poll(() => annotationOf(RENEWED_ANNOTATION), { timeout: 10_000 }).not.toBe('')
    // Once is enough.
    const renewedAt = await annotationOf(RENEWED_ANNOTATION)
    await orchestrator.list()
    // Or sooner, if the pod changes.
    await kubectl('--namespace', namespace.name, 'annotate', 'pods', '--all', 'devex.dev/look=now') // prettier-ignore
    await expect
      .poll(async () => (await shown()).every((now, at) => now.serialNumber !== before[at]?.serialNumber), {
        timeout: SYNC_MS,
        interval: 2000,
      })
      .toBe(true)
    expect(await annotationOf(RENEWED_ANNOTATION)).toBe(renewedAt)
    const after = await shown()
    expect(after.map(({ subjectAltName }) => subjectAltName)).toEqual(
      before.map(({ subjectAltName }) => subjectAltName),
    )
    const key = await shellIn(orchestrator, { sandboxId: id, part: 'runner', command: 'ls /run/devex/tls' })
    expect(key.output.split(/\s+/).filter(Boolean)).toEqual(['tls.crt', 'tls.key'])
    await orchestrator.remove(id)
  },
)
