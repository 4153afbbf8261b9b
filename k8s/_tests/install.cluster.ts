import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readEnv } from '#server/env.ts'
import { kubectl, makeNamespace } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import type { TestNamespace } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { describePermission, permissionsNeeded } from '#server/orchestrator/kubernetes/permissions.ts'

const FOLDER = join(import.meta.dirname, '..')
/** Kinds that cert-manager brings, which the test bed does not have. */
const FOREIGN = /^apiVersion: cert-manager\.io\//m

let control: TestNamespace
let sandboxes: TestNamespace
beforeAll(async () => {
  control = await makeNamespace()
  sandboxes = await makeNamespace()
  for (const { name } of [control, sandboxes])
    await kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/warn=restricted')
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  await sandboxes[Symbol.asyncDispose]()
})

/** The objects of a folder, for namespaces of this test's own: the real ones may be in use. */
async function objectsOf(folder: string): Promise<string[]> {
  const text = await kubectl('kustomize', join(FOLDER, folder))
  return text
    .replaceAll(/^( *)namespace: devex-sandboxes$/gm, `$1namespace: ${sandboxes.name}`)
    .replaceAll(/^( *)namespace: devex$/gm, `$1namespace: ${control.name}`)
    .replaceAll(/^ *nodePort: \d+\n/gm, '')
    .split(/^---$/m)
    .map((object) => (isNamespace(object) ? object.replace(/^( *)name: /m, `$1name: ${control.name}-`) : object))
}

function isNamespace(object: string): boolean {
  return /^kind: Namespace$/m.test(object)
}

function apply(objects: string[], ...options: string[]): { output: string; warnings: string } {
  const args = ['apply', '--server-side', ...options, '--filename', '-']
  const { status, stdout, stderr } = spawnSync('kubectl', args, { input: objects.join('\n---\n'), encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return { output: stdout, warnings: stderr }
}

describe.each(['.', 'overlays/production', 'overlays/k3s', 'overlays/testbed'])('kubectl apply -k k8s/%s', (folder) => {
  test('every object is accepted, and every pod is what Pod Security calls restricted', async () => {
    const ours = (await objectsOf(folder)).filter((text) => !FOREIGN.test(text))
    const { output, warnings } = apply(ours, '--dry-run=server')
    expect(warnings).toBe('')
    const kinds = new Set(output.split('\n').map((line) => line.replace(/[./].*/, '')))
    for (const kind of [
      'namespace',
      'deployment',
      'service',
      'role',
      'networkpolicy',
      'resourcequota',
      'limitrange',
      'poddisruptionbudget',
    ])
      // prettier-ignore
      expect(kinds).toContain(kind)
  })
})

const settingsSchema = z.object({ data: z.record(z.string(), z.string()) })
/** What the steps of `README.md` put into the secret `devex-secrets`. */
const SECRETS = {
  DEVEX_SECRET: 'a'.repeat(64),
  REDIS_URL: 'rediss://:password@redis.internal:6379',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'key',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
}

test.each(['overlays/production', 'overlays/k3s'])(
  'a control plane starts with the settings of k8s/%s',
  async (folder) => {
    const maps = (await objectsOf(folder)).filter((text) => /^kind: ConfigMap$/m.test(text) && /PUBLIC_URL/.test(text))
    expect(maps).toHaveLength(1)
    const { output } = apply(maps, '--dry-run=server', '--output=json')
    const { data } = settingsSchema.parse(JSON.parse(output))
    expect(readEnv({ ...SECRETS, ...data }).orchestrator.provider).toBe('kubernetes')
  },
)

test('the overlay for production asks cert-manager for a certificate of both names', async () => {
  const foreign = (await objectsOf('overlays/production')).filter((text) => FOREIGN.test(text)).join('\n')
  expect(foreign).toMatch(/kind: Issuer[\s\S]*dns01|dns01[\s\S]*kind: Issuer/)
  expect(foreign).toMatch(/'\*\.preview\.example\.com'/)
})

const roleSchema = z.object({
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
})

test('the role grants what the adapter asks for, and no more', async () => {
  const roles = (await objectsOf('base')).filter((text) => /^kind: Role$/m.test(text))
  expect(roles).toHaveLength(1)
  const { output } = apply(roles, '--dry-run=server', '--output=json')
  const { rules } = roleSchema.parse(JSON.parse(output))
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((text) => {
        const [resource = '', subresource] = text.split('/')
        return verbs.map((verb) =>
          describePermission({ group, resource, verb, ...(subresource !== undefined && { subresource }) }),
        )
      }),
    ),
  )
  const ingress = { domain: 'sandboxes.example.com', port: 443, annotations: {} }
  const needed = permissionsNeeded({ reach: 'ingress', ingress }).map(describePermission)
  expect(granted.toSorted()).toEqual(needed.toSorted())
})
