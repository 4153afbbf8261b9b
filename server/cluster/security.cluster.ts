import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NODE_ADDRESS, kubectl } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { testSettings } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import {
  deploymentOf,
  ingressOf,
  networkPolicyOf,
  secretOf,
  serviceOf,
} from '#server/orchestrator/kubernetes/manifests.ts'
import type { Manifest } from '#server/orchestrator/kubernetes/manifests.ts'
import { execFileSync } from 'node:child_process'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
/** Two REPLs that run: the attacker and the neighbour. */
let mine: { replId: string; sandboxId: string; pod: string }
let other: typeof mine

async function start(): Promise<typeof mine> {
  const replId = await product.create()
  const sandboxId = await product.running(replId)
  return { replId, sandboxId, pod: await product.podOf(sandboxId) }
}

/** In the container that a user's terminal is in. */
async function inside(command: string): Promise<{ output: string; code: number }> {
  return await product.exec(mine.pod, 'runner', command)
}

/** Whether a TCP connection comes about from inside. */
async function reaches(host: string, port: number): Promise<boolean> {
  const { code } = await inside(`timeout 4 bash -c 'exec 3<>/dev/tcp/${host}/${port}'`)
  return code === 0
}

beforeAll(async () => {
  product = await ClusterProduct.start()
  mine = await start()
  other = await start()
})
afterAll(() => product[Symbol.asyncDispose]())

describe('S7: from inside a pod', () => {
  test('one is nobody special, and cannot become it', async () => {
    expect((await inside('id -u')).output.trim()).toBe('1000')
    expect((await inside("grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status")).output).toMatch(
      /CapPrm:\t0{16}\nCapEff:\t0{16}\nCapBnd:\t0{16}\nNoNewPrivs:\t1\nSeccomp:\t2/,
    )
  })

  test('nothing but the workspace, the home folder and /tmp can be written', async () => {
    expect(
      (await inside('touch /usr/x /etc/x /opt/devex/x /x; true')).output.match(/Read-only file system/g),
    ).toHaveLength(4)
    expect((await inside('touch /workspace/x /home/dev/x /tmp/x && rm /workspace/x /home/dev/x /tmp/x')).code).toBe(0)
  })

  test('there is no service account token, and no sidecar to look into', async () => {
    expect((await inside('ls /var/run/secrets /run/secrets /var/run/secrets/kubernetes.io')).code).not.toBe(0)
    expect((await inside('ls /volume /state')).output).not.toContain('workspace')
    expect((await inside('cat /run/devex/tls/boot-token /run/devex/tls/ca.crt')).code).not.toBe(0)
    expect((await inside('ls /run/devex/tls')).output.trim().split(/\s+/).sort()).toEqual(['tls.crt', 'tls.key'])
    const { output } = await inside("cat /proc/*/cmdline | tr '\\0' ' '")
    expect(output).not.toContain('sidecar.mjs')
  })

  test('the sidecar’s token cannot be found', async () => {
    const sought = "grep -rslE 'eyJhbGciOiJFZERTQSJ9' /proc/[0-9]*/environ /run /tmp /home /workspace 2>/dev/null; true"
    expect((await inside(sought)).output).toBe('')
  })

  test('S5: the environment names no other REPL', async () => {
    const { output } = await inside('env')
    expect(output).toContain(mine.sandboxId)
    expect(output).not.toContain(other.sandboxId)
    // The API server's own address is in every container, and out of reach.
    expect(output.replaceAll(/^KUBERNETES_.*$/gm, '')).not.toMatch(/_SERVICE_HOST/)
  })
})

describe('S7: the network', () => {
  test('another REPL’s pod cannot be reached', async () => {
    const address = (await product.kubectl('get', 'pod', other.pod, '--output', 'jsonpath={.status.podIP}')).trim()
    expect(await reaches(address, 7001)).toBe(false)
    expect(await reaches(address, 7002)).toBe(false)
    expect(await reaches(`${other.sandboxId}.${product.namespace}.svc.cluster.local`, 7002)).toBe(false)
  })

  test('the API server, the node and cloud metadata cannot be reached', async () => {
    const api = (await kubectl('get', 'service', 'kubernetes', '--output', 'jsonpath={.spec.clusterIP}')).trim()
    expect(await reaches(api, 443)).toBe(false)
    expect(await reaches(NODE_ADDRESS, 10250)).toBe(false)
    expect(await reaches(NODE_ADDRESS, 6443)).toBe(false)
    expect(await reaches('169.254.169.254', 80)).toBe(false)
  })

  test('names resolve, and a package registry answers', async () => {
    expect((await inside('curl --silent --max-time 20 --output /dev/null --write-out %{http_code} "$(npm config get registry)"')).output).toMatch(/^[234]\d\d$/) // prettier-ignore
  })

  test('S5: whoever calls a part without its token is refused', async () => {
    const address = (await product.kubectl('get', 'pod', other.pod, '--output', 'jsonpath={.status.podIP}')).trim()
    const ask = (port: number, path: string) =>
      execFileSync('curl', ['--silent', '--insecure', '--max-time', '10', '--output', '/dev/null', '--write-out', '%{http_code}', '--request', 'POST', `https://${address}:${port}${path}`], { encoding: 'utf8' }) // prettier-ignore
    expect(ask(7002, '/adopt')).toBe('401')
    expect(ask(7002, '/stop')).toBe('401')
    expect(ask(7001, '/open')).toBe('404')
    expect(ask(7001, '/quiesce')).toBe('404')
    expect(ask(7001, '/files/x')).toBe('401')
  })
})

describe('S7: what runs amok', () => {
  test('S10: a runner killed from inside comes back, and the REPL with it', async () => {
    using editor = await product.open(mine.replId)
    await editor.write('kept.txt', 'kept', null)
    await inside('kill -9 -1')
    await product.until(mine.replId, 'running')
    await expect
      .poll(
        async () => {
          using again = await product.open(mine.replId)
          return (await again.read('kept.txt'))?.content
        },
        { timeout: 60_000 },
      )
      .toBe('kept')
  })

  test('a program that eats memory is ended, and nothing else', async () => {
    const { code } = await inside('node -e "const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))"')
    expect(code).not.toBe(0)
    expect(await product.running(other.replId)).toBe(other.sandboxId)
    await product.running(mine.replId)
  })

  test('a fork bomb ends in its pod', async () => {
    // The kubelet's podPidsLimit bounds it; the node and the neighbour go on.
    await inside('timeout 5 bash -c "bomb() { bomb | bomb & }; bomb; sleep 4" 2>/dev/null')
    using editor = await product.open(other.replId)
    await editor.run('true')
    expect(await product.running(other.replId)).toBe(other.sandboxId)
  })
})

test('S7: every manifest is accepted where Pod Security is "restricted"', () => {
  const settings = testSettings(product.namespace, {
    runtimeClass: 'testbed',
    reach: 'ingress',
    ingress: { domain: 'sandboxes.example.com', port: 443, className: 'nginx', annotations: {} },
  })
  const spec = {
    sandboxId: 's000000000000000',
    template: 'node',
    limits: { memoryBytes: 1024 ** 3, cpus: 1, processes: 100, diskBytes: 1024 ** 3 },
    publicKey: 'key',
    settings,
  }
  const identity = { cert: 'cert', key: 'key' }
  const secrets = { runner: identity, sidecar: identity, trust: 'ca', bootToken: 'token' }
  const all = [serviceOf(spec), secretOf(spec, secrets), networkPolicyOf(spec), ingressOf(spec), deploymentOf(spec)]
  const pod = podOf(deploymentOf(spec))
  for (const manifest of [...all, pod]) {
    if (manifest === undefined) throw new Error('There is no Ingress.')
    const answer = execFileSync('kubectl', ['apply', '--dry-run=server', '--filename', '-'], {
      input: JSON.stringify(manifest),
      stdio: ['pipe', 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    expect(answer).toContain('created (server dry run)')
  }
})

/** The pod that a Deployment makes: Pod Security only warns of what Deployments would make. */
function podOf({ metadata, spec }: Manifest): Manifest {
  const { template } = JSON.parse(JSON.stringify(spec))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels: template.metadata.labels },
    spec: template.spec,
  }
}
