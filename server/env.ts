import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { LOG_LEVELS } from '#server/log.ts'

const GIB = 1024 ** 3

const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
/** IPv4 or IPv6 networks, each perhaps with a port: what a NetworkPolicy is made of. */
const networks = (example: string, { withPort = false } = {}) =>
  list.refine((parts) => parts.every((part) => isNetwork(withPort ? part.replace(/(?<=\/\d+):\d{1,5}$/, '') : part)), {
    error: `networks with the length of their prefix, e.g. ${example}`,
  })
const cidr = z.union([z.cidrv4(), z.cidrv6()])
const isNetwork = (part: string) => cidr.safeParse(part).success
const bytes = z.coerce.number().int().positive()

/** A server's address: nothing may stand behind the host, since nothing would be served there. */
const origin = z
  .url({ protocol: /^https?$/ })
  .refine((value) => URL.canParse(value) && new URL(value).href === `${new URL(value).origin}/`, {
    error: 'a scheme and a host (with a port), without a path',
  })

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** Every setting: name, form, default, meaning. `.env.example` is generated from this table. */
const settings = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address to listen on. Anything but loopback needs GitHub sign-in.'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port to listen on; 0 takes a free one.'),
  PUBLIC_URL: origin
    .optional()
    .describe('Where browsers reach this server, e.g. https://devex.example.com. Default: http://localhost:PORT.'),
  PREVIEW_DOMAIN: z
    .string()
    .regex(DOMAIN, 'a domain, without scheme, port and wildcard')
    .optional()
    .describe('Domain under which previews live, e.g. preview.example.com (a wildcard host). Default: localhost.'),
  DEVEX_DATA: z.string().default('.devex').describe('Folder for everything the embedded default keeps.'),
  DEVEX_SECRET: z
    .string()
    .min(32, 'at least 32 characters; make one with: openssl rand -hex 32')
    .optional()
    .describe(
      'Encrypts signing keys and provider tokens. Default: made at the first start and kept in the data folder.',
    ),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('Least level that is logged.'),
  LOG_FORMAT: z
    .enum(['json', 'text'])
    .optional()
    .describe('json or text. Default: text on a terminal, json otherwise.'),

  METRICS_TOKEN: z
    .string()
    .min(16, 'at least 16 characters; make one with: openssl rand -hex 16')
    .optional()
    .describe('Who sends it as a bearer token gets figures for Prometheus at /api/metrics. Without it there are none.'),

  STATE_STORE: z
    .enum(['sqlite', 'redis', 'upstash'])
    .default('sqlite')
    .describe('Where records live: sqlite (data folder), redis (REDIS_URL) or upstash (HTTPS).'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('For STATE_STORE=redis, e.g. redis://:password@redis.internal:6379.'),
  UPSTASH_REDIS_REST_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('For STATE_STORE=upstash, e.g. https://eu1-name-12345.upstash.io.'),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1).optional().describe('For STATE_STORE=upstash.'),

  OBJECT_STORE: z.enum(['disk', 's3']).default('disk').describe('Where snapshots live: disk (data folder) or s3.'),
  S3_BUCKET: z.string().min(3).optional().describe('For OBJECT_STORE=s3, e.g. devex-workspaces.'),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('For S3-compatible stores, e.g. https://s3.eu.example.com; AWS needs none.'),
  S3_REGION: z.string().default('us-east-1').describe('For OBJECT_STORE=s3.'),
  S3_ACCESS_KEY_ID: z.string().min(1).optional().describe('For OBJECT_STORE=s3; without it, the AWS default chain.'),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('For OBJECT_STORE=s3.'),

  GITHUB_CLIENT_ID: z.string().min(1).optional().describe('OAuth app for sign-in with GitHub.'),
  GITHUB_CLIENT_SECRET: z.string().min(1).optional().describe('Its secret.'),
  GITHUB_URL: z
    .url({ protocol: /^https?$/ })
    .default('https://github.com')
    .describe('GitHub, or a GitHub Enterprise Server.'),
  GITHUB_API_URL: z
    .url({ protocol: /^https?$/ })
    .default('https://api.github.com')
    .describe('Its REST API.'),
  ALLOWED_GITHUB_USERS: list.default([]).describe('Logins that may sign in, separated by commas.'),
  ALLOWED_GITHUB_ORGS: list.default([]).describe('Organisations whose members may sign in.'),
  ALLOW_ANYONE: flag.default(false).describe('true: everybody with a GitHub account may sign in.'),
  ADMIN_GITHUB_USER: z
    .string()
    .optional()
    .describe(
      'Login of the administrator, who may always sign in, and who alone may start REPLs where sandboxes are plain processes.',
    ),

  REPLS_PER_USER: z.coerce.number().int().positive().default(20).describe('REPLs that one user may own.'),
  RUNNING_REPLS_PER_USER: z.coerce
    .number()
    .int()
    .positive()
    .default(5)
    .describe('REPLs of one user that may run at a time.'),
  AGENT_CALLS_PER_MINUTE: z.coerce
    .number()
    .int()
    .positive()
    .default(12_000)
    .describe('Calls that one agent may make in a minute; twice as many for all agents of a REPL.'),
  CLIENT_DOCUMENTS: flag
    .default(true)
    .describe(
      'Agents may be known by a document at their maker, which this server fetches. false where it has no way to the internet: they register instead.',
    ),
  SPARE_SANDBOXES: z.coerce
    .number()
    .int()
    .min(0)
    .max(20)
    .default(1)
    .describe('Sandboxes kept ready, so that a start does not wait for one.'),
  SPARE_TEMPLATES: z
    .string()
    .default('')
    .transform((text, context) => {
      const pairs = text.split(',').filter((part) => part.trim() !== '')
      const plan = pairs.map((part) => /^\s*([a-z0-9-]+):(\d{1,2})\s*$/.exec(part))
      if (plan.every((pair) => pair !== null))
        return Object.fromEntries(plan.map(([, key = '', count]) => [key, Number(count)]))
      context.addIssue('templates with a number each, e.g. node:2,python:1')
      return z.NEVER
    })
    .describe('The same on Kubernetes, where each template has its image: node:2,python:1.'),
  SANDBOX_MEMORY_BYTES: bytes.default(2 * GIB).describe('Memory of one sandbox.'),
  SANDBOX_CPUS: z.coerce.number().positive().default(2).describe('CPU cores of one sandbox.'),
  SANDBOX_PROCESSES: z.coerce.number().int().min(32).default(512).describe('Processes in one sandbox.'),
  SANDBOX_DISK_BYTES: bytes.default(5 * GIB).describe('Disk of one REPL.'),
  IDLE_STOP_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(30)
    .describe('A REPL without work for so long is saved and stopped.'),
  HISTORY_ALL_HOURS: z.coerce
    .number()
    .min(0)
    .default(1)
    .describe(
      'How long every automatic snapshot is kept; of more than 2,000 the older ones of this span are thinned to one a minute. Checkpoints with a name stay until they are removed.',
    ),
  HISTORY_HOURLY_HOURS: z.coerce
    .number()
    .min(0)
    .default(24)
    .describe('How long the last snapshot of each hour is kept.'),
  HISTORY_DAILY_DAYS: z.coerce.number().min(0).default(30).describe('How long the last snapshot of each day is kept.'),
  ISOLATION: z
    .enum(['auto', 'none'])
    .default('auto')
    .describe('auto: bubblewrap where it works. none: run sandboxes as plain processes.'),
  ORCHESTRATOR: z
    .enum(['local', 'kubernetes'])
    .default('local')
    .describe('Where sandboxes run: local (this machine) or kubernetes.'),
  KUBECONFIG: z
    .string()
    .min(1)
    .optional()
    .describe('For ORCHESTRATOR=kubernetes outside the cluster. In it, the pod’s own account.'),
  K8S_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, 'a namespace')
    .default('devex-sandboxes')
    .describe('Namespace of the sandboxes.'),
  K8S_CONTROL_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, 'a namespace')
    .default('devex')
    .describe('Namespace of the control plane, whose pods may call sandboxes.'),
  IMAGE_REGISTRY: z.string().default('').describe('Where the images lie, e.g. registry.example.com/devex.'),
  IMAGE_TAG: z.string().min(1).default('latest').describe('Their tag.'),
  IMAGE_PULL_POLICY: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .describe('When nodes pull them.'),
  IMAGE_PULL_SECRET: z.string().min(1).optional().describe('Secret in K8S_NAMESPACE with the registry’s credentials.'),
  RUNTIME_CLASS: z
    .string()
    .min(1)
    .optional()
    .describe('RuntimeClass of sandboxes, e.g. gvisor: for people who do not trust each other.'),
  SANDBOX_STORAGE_CLASS: z
    .string()
    .min(1)
    .optional()
    .describe('StorageClass of workspaces while they run. Default: the node’s disk.'),
  REACH: z
    .enum(['pod', 'port-forward', 'ingress'])
    .optional()
    .describe('How sandboxes are reached: pod (in the cluster), port-forward (with a kubeconfig alone) or ingress.'),
  INTERNAL_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(3443)
    .describe('Port on which sandboxes reach this server, over TLS.'),
  INTERNAL_HOST: z.string().default('0.0.0.0').describe('Address of that port.'),
  INTERNAL_URL: origin
    .optional()
    .describe(
      'How sandboxes reach that port, e.g. https://devex-internal.devex.svc:3443. Without it, this server opens the connections.',
    ),
  SANDBOX_INGRESS_DOMAIN: z
    .string()
    .regex(DOMAIN, 'a domain')
    .optional()
    .describe('For REACH=ingress: a wildcard host of the ingress controller.'),
  SANDBOX_INGRESS_PORT: z.coerce.number().int().min(1).max(65535).default(443).describe('For REACH=ingress.'),
  SANDBOX_INGRESS_ADDRESS: z
    .string()
    .min(1)
    .optional()
    .describe('For REACH=ingress: where the controller listens, if DNS does not say so.'),
  SANDBOX_INGRESS_CLASS: z.string().min(1).optional().describe('For REACH=ingress: the IngressClass.'),
  SANDBOX_INGRESS_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, 'a namespace')
    .default('ingress-nginx')
    .describe('For REACH=ingress: namespace of the controller, whose pods may then call sandboxes.'),
  SANDBOX_INGRESS_ANNOTATIONS: list
    .default(['nginx.ingress.kubernetes.io/ssl-passthrough=true'])
    .describe('For REACH=ingress: what makes the controller pass TLS through, as name=value.'),
  SANDBOX_CALLERS: networks('203.0.113.7/32')
    .default([])
    .describe('CIDRs of a control plane outside the cluster, which may call sandboxes.'),
  EGRESS_ALLOW: networks('10.1.2.3/32:9000', { withPort: true })
    .default([])
    .describe('Private CIDRs, or CIDR:port, that sandboxes may call, e.g. 10.1.2.3/32:9000 of an object store.'),
  CLUSTER_CIDRS: networks('198.51.100.0/24')
    .default([])
    .describe('Public addresses of nodes, pods and services, which sandboxes may not call.'),
  CA_FILE: z.string().min(1).optional().describe('PEM file of further authorities for REDIS_URL and S3_ENDPOINT.'),
  ALLOW_UNISOLATED: flag
    .default(false)
    .describe(
      'true: where sandboxes are plain processes, others than the administrator may start REPLs too. They can then do all that the user of this server can.',
    ),
})

export type Settings = z.output<typeof settings>

const HOUR_MS = 3_600_000

const LOOPBACK = /^(127\.|localhost$|::1$|\[::1\]$)/

/** The settings, with what depends on several of them worked out. Provider choices are discriminated unions. */
export type Env = ReturnType<typeof interpret>

/** One thing wrong with the environment, in words that name the variable. */
export class EnvError extends Error {
  override readonly name = 'EnvError'
}

/** Reads `source` (the process's environment over a `.env` file); throws an `EnvError` that lists all that is wrong. */
export function readEnv(source: Record<string, string | undefined>): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = settings.safeParse(given)
  if (!parsed.success) {
    throw new EnvError(
      parsed.error.issues
        .map((issue) => `${issue.path.join('.')}: ${issue.message}${example(issue.path[0])}`)
        .join('\n'),
    )
  }
  return interpret(parsed.data)
}

/** The environment of this process: `.env` in the working directory, overridden by what was exported. */
export function processEnv(): Env {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
  return readEnv({ ...file, ...process.env })
}

/** next-auth reads its own address, and Next whether it may send usage figures, from the environment and nowhere else. */
export function publishForNext(publicUrl: URL): void {
  process.env['NEXTAUTH_URL'] = publicUrl.origin
  process.env['NEXT_TELEMETRY_DISABLED'] = '1'
}

/** The machine's own variables: PATH, proxies, certificates. Nothing is copied from here to a sandbox but by name. */
export function readHostEnv(): Readonly<Record<string, string | undefined>> {
  return process.env
}

/** The text of `.env.example`: every setting, its meaning and default. */
export function envExample(): string {
  const lines = Object.entries(settings.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined)
    const value = fallback.success ? textOf(fallback.data) : ''
    return `# ${schema.description ?? ''}\n# ${name}=${value}`
  })
  return `# Every setting of the control plane. Copy to .env and uncomment what you change.\n\n${lines.join('\n\n')}\n`
}

/** A default as it is written in `.env`. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** What a setting is for, and a value that it takes: its default, unless its meaning holds one. */
function example(name: PropertyKey | undefined): string {
  const [key, schema] = Object.entries(settings.shape).find(([key]) => key === name) ?? []
  if (schema?.description === undefined) return ''
  const fallback = schema.safeParse(undefined)
  const value = fallback.success ? textOf(fallback.data) : ''
  return ` (${schema.description}${value === '' ? '' : ` Example: ${key}=${value}`})`
}

function interpret(raw: Settings) {
  const isLoopback = LOOPBACK.test(raw.HOST)
  const github = githubOf(raw)
  if (!isLoopback && github === undefined) {
    throw new EnvError(
      `HOST: ${raw.HOST} can be reached from other machines, and nobody could sign in safely. Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or HOST=127.0.0.1.`,
    )
  }
  if (raw.STATE_STORE !== 'sqlite' && raw.ORCHESTRATOR === 'kubernetes' && raw.DEVEX_SECRET === undefined) {
    throw new EnvError(
      'DEVEX_SECRET: missing. Replicas must share it, and it must outlive them: openssl rand -hex 32, kept in a Secret.',
    )
  }
  const retention = {
    allMs: raw.HISTORY_ALL_HOURS * HOUR_MS,
    hourlyMs: raw.HISTORY_HOURLY_HOURS * HOUR_MS,
    dailyMs: raw.HISTORY_DAILY_DAYS * 24 * HOUR_MS,
  }
  return {
    ...raw,
    isLoopback,
    github,
    retention,
    stateStore: stateStoreOf(raw),
    objectStore: objectStoreOf(raw),
    orchestrator: orchestratorOf(raw),
  }
}

/** Where sandboxes run, with all that the place needs to know. */
function orchestratorOf(raw: Settings) {
  if (raw.ORCHESTRATOR === 'local') return { provider: 'local' as const }
  const reach = raw.REACH ?? (raw.KUBECONFIG === undefined ? ('pod' as const) : ('port-forward' as const))
  if (reach === 'ingress' && raw.SANDBOX_INGRESS_DOMAIN === undefined) {
    throw new EnvError(
      'SANDBOX_INGRESS_DOMAIN: missing, while REACH=ingress. Example: SANDBOX_INGRESS_DOMAIN=sandboxes.example.com',
    )
  }
  if (raw.INTERNAL_URL?.startsWith('http:') === true) {
    throw new EnvError('INTERNAL_URL: sandboxes send their token there, so it must begin with https:')
  }
  const annotations = raw.SANDBOX_INGRESS_ANNOTATIONS.map((text) => text.split(/=(.*)/s))
  return {
    provider: 'kubernetes' as const,
    kubeconfig: raw.KUBECONFIG,
    namespace: raw.K8S_NAMESPACE,
    image: {
      registry: raw.IMAGE_REGISTRY,
      tag: raw.IMAGE_TAG,
      pullPolicy: raw.IMAGE_PULL_POLICY,
      pullSecret: raw.IMAGE_PULL_SECRET,
    },
    runtimeClass: raw.RUNTIME_CLASS,
    storageClass: raw.SANDBOX_STORAGE_CLASS,
    reach,
    internalUrl: raw.INTERNAL_URL,
    ingress:
      reach !== 'ingress' || raw.SANDBOX_INGRESS_DOMAIN === undefined
        ? undefined
        : {
            domain: raw.SANDBOX_INGRESS_DOMAIN,
            port: raw.SANDBOX_INGRESS_PORT,
            address: raw.SANDBOX_INGRESS_ADDRESS,
            className: raw.SANDBOX_INGRESS_CLASS,
            annotations: Object.fromEntries(annotations.map(([name = '', value = '']) => [name, value])),
          },
    network: {
      controlPlaneNamespace: raw.K8S_CONTROL_NAMESPACE,
      callersFrom: raw.SANDBOX_CALLERS,
      ingressNamespace: reach === 'ingress' ? raw.SANDBOX_INGRESS_NAMESPACE : undefined,
      egressAllow: raw.EGRESS_ALLOW,
      clusterCidrs: raw.CLUSTER_CIDRS,
    },
  }
}

function githubOf(raw: Settings) {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = raw
  if (clientId === undefined && clientSecret === undefined) return undefined
  if (clientId === undefined)
    throw new EnvError(
      'GITHUB_CLIENT_ID: missing, while GITHUB_CLIENT_SECRET is set. Example: GITHUB_CLIENT_ID=Iv1.0123456789abcdef',
    )
  if (clientSecret === undefined)
    throw new EnvError(
      'GITHUB_CLIENT_SECRET: missing, while GITHUB_CLIENT_ID is set. GitHub shows it once, on the page of the OAuth app.',
    )
  if (
    !raw.ALLOW_ANYONE &&
    raw.ALLOWED_GITHUB_USERS.length === 0 &&
    raw.ALLOWED_GITHUB_ORGS.length === 0 &&
    raw.ADMIN_GITHUB_USER === undefined
  ) {
    throw new EnvError(
      'ALLOWED_GITHUB_USERS: nobody may sign in. Name users (ALLOWED_GITHUB_USERS=ada,grace), organisations (ALLOWED_GITHUB_ORGS), or say ALLOW_ANYONE=true.',
    )
  }
  return {
    clientId,
    clientSecret,
    url: raw.GITHUB_URL,
    apiUrl: raw.GITHUB_API_URL,
    allowedUsers: raw.ALLOWED_GITHUB_USERS,
    allowedOrgs: raw.ALLOWED_GITHUB_ORGS,
    allowAnyone: raw.ALLOW_ANYONE,
    admin: raw.ADMIN_GITHUB_USER,
  }
}

function stateStoreOf(raw: Settings) {
  switch (raw.STATE_STORE) {
    case 'sqlite':
      return { provider: 'sqlite' as const }
    case 'redis':
      if (raw.REDIS_URL === undefined)
        throw new EnvError(
          'REDIS_URL: missing, while STATE_STORE=redis. Example: REDIS_URL=redis://:password@127.0.0.1:6379',
        )
      return { provider: 'redis' as const, url: raw.REDIS_URL }
    case 'upstash':
      if (raw.UPSTASH_REDIS_REST_URL === undefined || raw.UPSTASH_REDIS_REST_TOKEN === undefined) {
        throw new EnvError(
          'UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN: both are needed with STATE_STORE=upstash.',
        )
      }
      return { provider: 'upstash' as const, url: raw.UPSTASH_REDIS_REST_URL, token: raw.UPSTASH_REDIS_REST_TOKEN }
  }
}

function objectStoreOf(raw: Settings) {
  if (raw.OBJECT_STORE === 'disk') return { provider: 'disk' as const }
  if (raw.S3_BUCKET === undefined)
    throw new EnvError('S3_BUCKET: missing, while OBJECT_STORE=s3. Example: S3_BUCKET=devex-workspaces')
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = raw
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new EnvError(
      'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: set both, or neither (then as the AWS SDK finds them).',
    )
  return {
    provider: 's3' as const,
    bucket: raw.S3_BUCKET,
    endpoint: raw.S3_ENDPOINT,
    region: raw.S3_REGION,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
  }
}
