import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { deploymentOf, ingressOf, networkPolicyOf, ownedBy, secretOf, serviceOf } from './manifests.ts'
import type { SandboxSpec } from './manifests.ts'
import { networkPolicyRules } from './network-rules.ts'
import { saverContainer } from './pod-template.ts'
import type { ClusterSettings } from './settings.ts'

const GIB = 1024 ** 3

const settings: ClusterSettings = {
  namespace: 'devex-sandboxes',
  image: { registry: 'registry.example.com/devex', tag: '1.2.3', pullPolicy: 'IfNotPresent' },
  reach: 'pod',
  internalUrl: 'https://devex-internal.devex.svc:3443',
  network: { controlPlaneNamespace: 'devex', callersFrom: [], egressAllow: [], clusterCidrs: [] },
}

function specOf(changes: Partial<ClusterSettings> = {}): SandboxSpec {
  return {
    sandboxId: 's000000000000001',
    template: 'node',
    limits: { memoryBytes: 2 * GIB, cpus: 2, processes: 512, diskBytes: 5 * GIB },
    publicKey: 'public-key',
    settings: { ...settings, ...changes },
  }
}

const secrets = {
  runner: { cert: 'runner-cert', key: 'runner-key' },
  sidecar: { cert: 'sidecar-cert', key: 'sidecar-key' },
  trust: 'authorities',
  bootToken: 'boot-token',
}

/** All that settings may add. */
const everything: Partial<ClusterSettings> = {
  image: { registry: '', tag: 'dev', pullPolicy: 'Never', pullSecret: 'registry-credentials' },
  runtimeClass: 'gvisor',
  storageClass: 'fast',
  extraCa: 'company-authority',
  reach: 'ingress',
  ingress: {
    domain: 'sandboxes.example.com',
    port: 443,
    className: 'nginx',
    annotations: { 'example.com/pass': 'true' },
  },
  network: {
    controlPlaneNamespace: 'devex',
    callersFrom: ['203.0.113.7/32'],
    ingressNamespace: 'ingress-nginx',
    egressAllow: ['10.1.2.3/32:9000', '10.9.0.0/16'],
    clusterCidrs: ['198.51.100.0/24', '2001:db8::/32'],
  },
}

const podSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.looseObject({
            name: z.string(),
            env: z.array(z.looseObject({ name: z.string() })),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
          }),
        ),
        volumes: z.array(z.looseObject({ name: z.string() })),
        tolerations: z.array(z.looseObject({ key: z.string() })),
      }),
    }),
  }),
})

function podOf(spec: SandboxSpec) {
  return podSchema.parse(deploymentOf(spec)).spec.template.spec
}

describe('objects of a sandbox', () => {
  test('are these', () => {
    const spec = specOf()
    expect({
      service: serviceOf(spec),
      secret: secretOf(spec, secrets),
      networkPolicy: networkPolicyOf(spec),
      ingress: ingressOf(spec),
      deployment: deploymentOf(spec),
    }).toMatchSnapshot()
  })

  test('are these, with everything that settings may add', () => {
    const spec = specOf(everything)
    expect({
      service: serviceOf(spec),
      secret: secretOf(spec, secrets),
      networkPolicy: networkPolicyOf(spec),
      ingress: ingressOf(spec),
      deployment: deploymentOf(spec),
      saver: saverContainer(spec, 'saver-1-x'),
    }).toMatchSnapshot()
  })

  test('leave a node that does not answer within minutes', () => {
    expect(podOf(specOf()).tolerations).toEqual(
      ['not-ready', 'unreachable'].map((state) => ({
        key: `node.kubernetes.io/${state}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 60,
      })),
    )
  })

  test('go with their record', () => {
    const owned = ownedBy(networkPolicyOf(specOf()), { name: 's000000000000001', uid: 'uid-of-the-service' })
    expect(owned.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 's000000000000001',
        uid: 'uid-of-the-service',
        blockOwnerDeletion: false,
      },
    ])
  })

  test('are the same each time: applying them again changes nothing', () => {
    expect(deploymentOf(specOf(everything))).toEqual(deploymentOf(specOf(everything)))
  })
})

describe('S10: what the sidecar alone has', () => {
  test('is mounted in no container of the user’s', () => {
    const { containers, volumes } = podOf(specOf(everything))
    const runner = containers.find(({ name }) => name === 'runner')
    const mounted = runner?.volumeMounts.map(({ name }) => name) ?? []
    expect(mounted).not.toContain('sidecar-tls')
    expect(mounted).not.toContain('state')
    const reachable = JSON.stringify(volumes.filter(({ name }) => mounted.includes(name)))
    expect(reachable).not.toMatch(/boot-token|sidecar\.key|ca\.crt/)
  })

  test('stands in no variable of the user’s', () => {
    const runner = podOf(specOf(everything)).containers.find(({ name }) => name === 'runner')
    expect(runner?.env.map(({ name }) => name)).not.toContain('CONTROL_URL')
    expect(JSON.stringify(runner?.env)).not.toMatch(/token|secretKeyRef/i)
  })
})

test('without an address of ours, a sidecar waits for our connections', () => {
  const sidecar = (spec: SandboxSpec) => podOf(spec).containers.find(({ name }) => name === 'sidecar')?.env
  expect(sidecar(specOf())).toContainEqual({ name: 'CONTROL_URL', value: settings.internalUrl })
  expect(sidecar(specOf({ internalUrl: undefined }))).toContainEqual({ name: 'CONTROL_TUNNEL', value: 'true' })
})

describe('S7: the network of a sandbox', () => {
  test('ends at private, shared, link-local and the cluster’s own addresses', () => {
    const [internet] = z
      .array(
        z.object({ to: z.array(z.object({ ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()) }) })) }),
      )
      .parse(
        networkPolicyRules({ ...settings.network, clusterCidrs: ['198.51.100.0/24', '2001:db8::/32'] }).egress.slice(
          0,
          1,
        ),
      )
    const [v4, v6] = internet?.to ?? []
    expect(v4?.ipBlock.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '198.51.100.0/24']))
    expect(v4?.ipBlock.except).not.toContain('2001:db8::/32')
    expect(v6?.ipBlock.except).toEqual(expect.arrayContaining(['fc00::/7', 'fe80::/10', '2001:db8::/32']))
  })

  test('takes calls on the ports of its parts only, from the control plane and whom the settings name', () => {
    const { ingress } = networkPolicyRules({ ...settings.network, callersFrom: ['203.0.113.7/32'] })
    expect(ingress).toHaveLength(1)
    expect(JSON.stringify(ingress)).toContain('203.0.113.7/32')
    expect(JSON.stringify(ingress)).not.toContain('ingress-nginx')
  })
})
