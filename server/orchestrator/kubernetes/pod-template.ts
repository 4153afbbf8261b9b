import { POD_GRACE_SECONDS, SILENT_NODE_SECONDS } from './limits.ts'
import { MANAGED_BY, PORTS, SANDBOX_LABEL, TEMPLATE_LABEL, imageName } from './names.ts'
import type { SandboxSpec } from './manifests.ts'

const MIB = 1024 ** 2
const UID = 1000

/** `pods` in the profile "restricted" of Pod Security: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const CONTAINER_SECURITY = {
  runAsNonRoot: true,
  runAsUser: UID,
  runAsGroup: UID,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

/** What the sidecar may use: it saves gigabytes in less memory. With one core a restore stood still for a sixth of its time. */
const SIDECAR_LIMITS = { cpu: '2', memory: '512Mi', 'ephemeral-storage': '1Gi' }
/**
 * What is set aside: most sandboxes wait most of the time, and use little of their disk. What is limited and not named here
 * Kubernetes would set aside whole.
 */
const REQUESTS = {
  sidecar: { cpu: '10m', memory: '96Mi', 'ephemeral-storage': '64Mi' },
  runner: { cpu: '20m', memory: '128Mi', 'ephemeral-storage': '256Mi' },
}

/** Disk beyond a repl's own limit before the kubelet evicts the pod: writes are refused long before. */
const DISK_RESERVE_BYTES = 512 * MIB
const TMP_BYTES = 2048 * MIB

/** What the cluster marks a node with that does not answer, or says itself that it cannot work. */
const TOLERATIONS = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: SILENT_NODE_SECONDS,
}))

/**
 * The pod of a sandbox. The sidecar comes first and without an init container, so that it is up soonest; the two share
 * the volume, which it alone sees whole, and a folder of sockets.
 */
export function podTemplate(spec: SandboxSpec): object {
  const { sandboxId, template, settings } = spec
  return {
    metadata: { labels: { ...MANAGED_BY, [SANDBOX_LABEL]: sandboxId, [TEMPLATE_LABEL]: template } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: POD_GRACE_SECONDS,
      tolerations: TOLERATIONS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: UID,
        runAsGroup: UID,
        fsGroup: UID,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(settings.runtimeClass !== undefined && { runtimeClassName: settings.runtimeClass }),
      ...(settings.image.pullSecret !== undefined && { imagePullSecrets: [{ name: settings.image.pullSecret }] }),
      containers: [sidecarContainer(spec), runnerContainer(spec)],
      volumes: volumes(spec),
    },
  }
}

/** The container that takes the place of a sidecar which cannot be started: the same program, on another port. */
export function saverContainer(spec: Omit<SandboxSpec, 'template' | 'limits'>, name: string): object {
  return {
    name,
    image: imageName('sandbox', spec.settings.image),
    imagePullPolicy: spec.settings.image.pullPolicy,
    args: ['save'],
    env: sidecarEnvironment(spec, PORTS.saver),
    // Ephemeral containers have no resources of their own, and may not mount a subPath.
    securityContext: CONTAINER_SECURITY,
    volumeMounts: SIDECAR_MOUNTS,
  }
}

function sidecarContainer(spec: SandboxSpec): object {
  return {
    name: 'sidecar',
    image: imageName('sandbox', spec.settings.image),
    imagePullPolicy: spec.settings.image.pullPolicy,
    args: ['sidecar'],
    env: sidecarEnvironment(spec, PORTS.sidecar),
    ports: [{ name: 'sidecar', containerPort: PORTS.sidecar }],
    resources: { limits: SIDECAR_LIMITS, requests: REQUESTS.sidecar },
    securityContext: CONTAINER_SECURITY,
    ...probes(PORTS.sidecar),
    volumeMounts: SIDECAR_MOUNTS,
  }
}

function runnerContainer(spec: SandboxSpec): object {
  const { limits, settings, template } = spec
  return {
    name: 'runner',
    image: imageName({ template }, settings.image),
    imagePullPolicy: settings.image.pullPolicy,
    args: ['runner'],
    env: environment({
      ...common(spec),
      HOME: '/home/dev',
      USER: 'dev',
      LOGNAME: 'dev',
      SHELL: '/bin/bash',
      TERM: 'xterm-256color',
      NPM_CONFIG_PREFIX: '/home/dev/.npm-global',
      PIP_USER: '1',
      PIP_BREAK_SYSTEM_PACKAGES: '1',
      WORKSPACE_DIR: '/workspace',
      RUNNER_SOCKET: '/run/devex/runner/runner.sock',
      RUNNER_LISTEN: `0.0.0.0:${PORTS.runner}`,
    }),
    ports: [{ name: 'runner', containerPort: PORTS.runner }],
    resources: {
      limits: {
        cpu: String(limits.cpus),
        memory: String(limits.memoryBytes),
        'ephemeral-storage': String(limits.diskBytes + DISK_RESERVE_BYTES + TMP_BYTES),
      },
      requests: REQUESTS.runner,
    },
    securityContext: CONTAINER_SECURITY,
    ...probes(PORTS.runner),
    // All containers are told to end at once; the user's programs end first, so that the last save has all of it.
    lifecycle: { preStop: { exec: { command: ['/opt/devex/entry', 'quiesce'] } } },
    volumeMounts: [
      { name: 'volume', mountPath: '/workspace', subPath: 'workspace' },
      { name: 'volume', mountPath: '/home/dev', subPath: 'home' },
      { name: 'sockets', mountPath: '/run/devex/runner' },
      { name: 'runner-tls', mountPath: '/run/devex/tls', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

const SIDECAR_MOUNTS = [
  { name: 'volume', mountPath: '/volume' },
  { name: 'state', mountPath: '/state' },
  { name: 'sockets', mountPath: '/run/devex/runner', readOnly: true },
  { name: 'sidecar-tls', mountPath: '/run/devex/tls', readOnly: true },
]

function volumes({ sandboxId, limits, settings }: SandboxSpec): object[] {
  const size = limits.diskBytes + DISK_RESERVE_BYTES
  const secret = (part: string, more: { key: string; path: string }[] = []) => ({
    name: `${part}-tls`,
    secret: {
      secretName: sandboxId,
      defaultMode: 0o440,
      items: [{ key: `${part}.crt`, path: 'tls.crt' }, { key: `${part}.key`, path: 'tls.key' }, ...more],
    },
  })
  const claim = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: settings.storageClass,
    resources: { requests: { storage: String(size) } },
  }
  return [
    settings.storageClass === undefined
      ? { name: 'volume', emptyDir: { sizeLimit: String(size) } }
      : { name: 'volume', ephemeral: { volumeClaimTemplate: { spec: claim } } },
    { name: 'state', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'sockets', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: 'tmp', emptyDir: { sizeLimit: String(TMP_BYTES) } },
    secret('runner'),
    secret('sidecar', [
      { key: 'ca.crt', path: 'ca.crt' },
      { key: 'boot-token', path: 'boot-token' },
      ...(settings.extraCa === undefined ? [] : [{ key: 'extra-ca.crt', path: 'extra-ca.crt' }]),
    ]),
  ]
}

/** Usable, not merely alive: the part listens. Its own hello is quicker; this is what the cluster goes by. */
function probes(port: number): object {
  const tcpSocket = { port }
  return {
    startupProbe: { tcpSocket, periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: { tcpSocket, periodSeconds: 5 },
  }
}

function sidecarEnvironment(spec: Omit<SandboxSpec, 'template' | 'limits'>, port: number): object[] {
  const { internalUrl, extraCa } = spec.settings
  return [
    ...environment({
      ...common(spec),
      HOME: '/state',
      SIDECAR_LISTEN: `0.0.0.0:${port}`,
      RUNNER_SOCKET: '/run/devex/runner/runner.sock',
      VOLUME_DIR: '/volume',
      STATE_DIR: '/state',
      ...(extraCa !== undefined && { NODE_EXTRA_CA_CERTS: '/run/devex/tls/extra-ca.crt' }),
      ...(internalUrl === undefined ? { CONTROL_TUNNEL: 'true' } : { CONTROL_URL: internalUrl }),
    }),
    { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
  ]
}

function common({ sandboxId, publicKey }: { sandboxId: string; publicKey: string }): Record<string, string> {
  return {
    SANDBOX_ID: sandboxId,
    CONTROL_PUBLIC_KEY: publicKey.trim().replaceAll('\n', String.raw`\n`),
    TLS_DIR: '/run/devex/tls',
  }
}

function environment(variables: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(variables).map(([name, value]) => ({ name, value }))
}
