import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { openS3ObjectStore } from '#server/object-store/s3.ts'
import { NODE_ADDRESS, kubectl, makeNamespace } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { openKubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { ControlProcess } from '#server/workspaces/faults/_control-process.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { openEditor } from '#server/workspaces/faults/_editor.ts'
import type { Editor } from '#server/workspaces/faults/_editor.ts'
import { startRedis } from '#server/workspaces/faults/_redis.ts'
import type { Settings } from '#server/workspaces/faults/_wire.ts'
import { startService } from './_service.ts'
import type { Service } from './_service.ts'

/** How long a start on a busy machine may take, an API server that was away for half a minute included. */
const PATIENCE_MS = 170_000

const run = promisify(execFile)

const viewSchema = z.looseObject({
  state: z.looseObject({
    kind: z.string(),
    error: z.looseObject({ code: z.string(), message: z.string(), advice: z.string().optional() }).optional(),
  }),
})

/** The whole product but its pages on the test bed: control planes as processes of this machine, sandboxes as pods. */
export class ClusterProduct implements AsyncDisposable {
  readonly namespace: string
  readonly #owned: AsyncDisposableStack
  readonly #settings: Settings
  readonly #service: Service
  control: ControlProcess

  private constructor(
    owned: AsyncDisposableStack,
    {
      namespace,
      service,
      settings,
      control,
    }: { namespace: string; service: Service; settings: Settings; control: ControlProcess },
  ) {
    this.#owned = owned
    this.namespace = namespace
    this.#service = service
    this.#settings = settings
    this.control = control
  }

  /** One control plane, its records in Redis and its objects in S3. `env` changes its settings. */
  static async start(env: Record<string, string> = {}): Promise<ClusterProduct> {
    await using opened = new AsyncDisposableStack()
    const namespace = opened.use(await makeNamespace())
    const dataFolder = await mkdtemp(join(tmpdir(), 'devex-cluster-'))
    opened.defer(() => rm(dataFolder, { recursive: true, force: true }))
    const bucket = opened.use(await makeBucket())
    const redis = await startRedis(join(dataFolder, 'redis'))
    if (redis === undefined) throw new Error('These tests need redis-server: the test bed installs it.')
    opened.use(redis)
    const service = opened.use(await startService())
    const settings: Settings = {
      dataFolder,
      controlSocket: join(dataFolder, 'control.sock'),
      port: 0,
      patienceMs: PATIENCE_MS,
      env: {
        ...clusterEnv({ namespace: namespace.name, bucket: bucket.name, service }),
        ...(await ownPort(service)),
        REDIS_URL: redis.url,
        ...env,
      },
    }
    const control = await ControlProcess.start(settings)
    return new ClusterProduct(opened.move(), { namespace: namespace.name, service, settings, control })
  }

  /** The settings of its control planes. */
  get env(): Readonly<Record<string, string>> {
    return this.#settings.env
  }

  /** Another control plane on the same stores; sandboxes reach whichever lives. */
  async another(): Promise<ControlProcess> {
    const dataFolder = await mkdtemp(join(tmpdir(), 'devex-cluster-'))
    this.#owned.defer(() => rm(dataFolder, { recursive: true, force: true }))
    const another = await ControlProcess.start({
      ...this.#settings,
      dataFolder,
      controlSocket: join(dataFolder, 'control.sock'),
      port: 0,
      env: { ...this.#settings.env, ...(await ownPort(this.#service)) },
    })
    this.#owned.defer(() => another.kill())
    return another
  }

  /** A control plane in the place of the one that was killed. */
  async restart(): Promise<void> {
    this.control = await ControlProcess.start({ ...this.#settings, port: this.control.port })
  }

  async create(): Promise<string> {
    return z.string().parse(await this.control.ask('create'))
  }

  /** Starts it if need be: its sandbox. */
  async running(replId: string, control = this.control): Promise<string> {
    return z.string().parse(await control.ask('running', replId))
  }

  /** A connection through the gateway; that wakes the repl. */
  async open(replId: string, { port, cookie } = this.control): Promise<Editor> {
    const log = () => this.control.log.slice(-15).join('\n')
    let editor: Editor | undefined
    // As the page does: between a stop and a start a sandbox may be out of reach for a moment.
    await eventually(
      `${replId} can be opened`,
      async () => {
        editor = await openEditor({ port, cookie, replId, log })
        // The socket opens before the sandbox behind it has been reached.
        await editor.read('nothing-here')
        return true
      },
      log,
    )
    if (editor === undefined) throw new Error('Nothing was opened.')
    return editor
  }

  async view(replId: string): Promise<z.output<typeof viewSchema>> {
    return viewSchema.parse(await this.control.ask('view', replId))
  }

  async until(replId: string, ...states: string[]): Promise<void> {
    let state: unknown
    await eventually(
      `${replId} is ${states.join(' or ')}`,
      async () => {
        state = await this.control.ask('state', replId)
        return typeof state === 'string' && states.includes(state)
      },
      () => `It is ${String(state)}.\n${this.control.log.slice(-15).join('\n')}`,
    )
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl('--namespace', this.namespace, ...args)
  }

  /** Everything in the cluster that carries a sandbox's or a repl's name. */
  async left(label: string): Promise<string> {
    const kinds = 'all,secret,ingress,networkpolicy,pvc,configmap,serviceaccount'
    return (await this.kubectl('get', kinds, '--selector', label, '--output', 'name', '--ignore-not-found')).trim()
  }

  /** Name of a sandbox's pod. */
  async podOf(sandboxId: string): Promise<string> {
    const name = await this.kubectl('get', 'pods', '--selector', `devex.dev/sandbox=${sandboxId}`, '--output', 'jsonpath={.items[0].metadata.name}') // prettier-ignore
    return name.trim()
  }

  /** What `kubectl drain` asks for each pod: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ */
  async evict(pod: string): Promise<void> {
    const { namespace } = this
    using client = openKubeClient()
    await client.call({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } },
    })
  }

  /** Runs a command in a container: what it printed, and how it ended. */
  async exec(pod: string, container: string, command: string): Promise<{ output: string; code: number }> {
    const args = ['--namespace', this.namespace, 'exec', pod, '--container', container, '--', 'sh', '-c', command]
    try {
      const { stdout, stderr } = await run('kubectl', args, { timeout: 60_000, env: { ...process.env, ...OVER_SPDY } })
      return { output: stdout + stderr, code: 0 }
    } catch (error) {
      const failed = z.object({ code: z.int().nullable(), stdout: z.string(), stderr: z.string() }).parse(error)
      return { output: failed.stdout + failed.stderr, code: failed.code ?? -1 }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control.kill()
    await this.#owned.disposeAsync()
  }
}

/** Over WebSockets kubectl says now and then that it discards what came on an unknown stream, in the middle of the output. */
const OVER_SPDY = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }

function clusterEnv({ namespace, bucket, service }: { namespace: string; bucket: string; service: Service }) {
  const s3 = new URL(required('TESTBED_S3_ENDPOINT_IN_CLUSTER'))
  return {
    ORCHESTRATOR: 'kubernetes',
    KUBECONFIG: required('KUBECONFIG'),
    K8S_NAMESPACE: namespace,
    REACH: 'pod',
    IMAGE_REGISTRY: 'devex.test',
    IMAGE_TAG: required('IMAGE_TAG'),
    IMAGE_PULL_POLICY: 'Never',
    SANDBOX_CALLERS: `${NODE_ADDRESS}/32`,
    SANDBOX_MEMORY_BYTES: String(1024 ** 3),
    SPARE_SANDBOXES: '0',
    REPLS_PER_USER: '1000',
    RUNNING_REPLS_PER_USER: '100',
    INTERNAL_URL: `https://${NODE_ADDRESS}:${service.port}`,
    EGRESS_ALLOW: `${NODE_ADDRESS}/32:${service.port},${s3.hostname}/32:${s3.port}`,
    DEVEX_SECRET: randomBytes(32).toString('hex'),
    STATE_STORE: 'redis',
    OBJECT_STORE: 's3',
    S3_BUCKET: bucket,
    ...s3Env(),
  }
}

/** The internal port of one control plane, which the service then leads to. */
async function ownPort(service: Service): Promise<{ INTERNAL_PORT: string }> {
  const port = await freePort()
  service.backends.push(port)
  return { INTERNAL_PORT: String(port) }
}

function s3Env() {
  return {
    S3_ENDPOINT: required('TESTBED_S3_ENDPOINT_IN_CLUSTER'),
    S3_REGION: required('TESTBED_S3_REGION'),
    S3_ACCESS_KEY_ID: required('TESTBED_S3_ACCESS_KEY'),
    S3_SECRET_ACCESS_KEY: required('TESTBED_S3_SECRET_KEY'),
  }
}

async function makeBucket(): Promise<AsyncDisposable & { name: string }> {
  const name = `cluster-${randomBytes(6).toString('hex')}`
  const env = s3Env()
  const server = {
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    credentials: { accessKeyId: env.S3_ACCESS_KEY_ID, secretAccessKey: env.S3_SECRET_ACCESS_KEY },
  }
  const client = new S3Client({ ...server, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await using store = await openS3ObjectStore({ bucket: name, ...server })
      await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key))
      await client.send(new DeleteBucketCommand({ Bucket: name }))
      client.destroy()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  return address.port
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: npm run test:cluster sets it.`)
  return value
}
