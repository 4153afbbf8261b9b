/** Environment variables of the parts of a sandbox: chosen one by one, nothing of the control plane's own comes along. */

/** What the machine tells every program about the world outside: its PATH, its proxy, its company's certificates. */
export type HostEnv = Readonly<Record<string, string | undefined>>

/** PATH inside bubblewrap. Tools that a user installs come first; our own Node is the last resort, so that there is one. */
export const SANDBOX_PATH = [
  '/home/dev/.local/bin',
  '/home/dev/.npm-global/bin',
  '/home/dev/go/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/go/bin',
  '/opt/devex-node/bin',
].join(':')

const FALLBACK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY']

const CERTIFICATE_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'npm_config_cafile',
]

export interface PartEnvironment {
  sandboxId: string
  publicKey: string
  /** As the part sees them. */
  home: string
  path: string
  hostEnv: HostEnv
}

export interface RunnerEnvironment extends PartEnvironment {
  socket: string
  workspace: string
  /** Where the network is shared: the port that the user's program should listen on. */
  port?: number
}

export function runnerEnvironment(options: RunnerEnvironment): Record<string, string> {
  return {
    ...commonEnvironment(options),
    RUNNER_SOCKET: options.socket,
    WORKSPACE_DIR: options.workspace,
    ...(options.port !== undefined && { PORT: String(options.port) }),
  }
}

export interface SidecarEnvironment extends PartEnvironment {
  socket: string
  runnerSocket: string
  controlSocket: string
  volume: string
  state: string
}

/**
 * Large buffers of the sidecar go back to the system when they are free (mallopt(3); other systems ignore it): otherwise
 * the C library keeps tens of megabytes of them in each thread's heap.
 */
export const SIDECAR_MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' }

export function sidecarEnvironment(options: SidecarEnvironment): Record<string, string> {
  return {
    ...commonEnvironment(options),
    SIDECAR_SOCKET: options.socket,
    RUNNER_SOCKET: options.runnerSocket,
    CONTROL_SOCKET: options.controlSocket,
    VOLUME_DIR: options.volume,
    STATE_DIR: options.state,
    ...SIDECAR_MALLOC,
  }
}

/** What makes `npm -g`, `pip install` and registries behind a company's proxy work for an unprivileged user. */
export function toolEnvironment(home: string, hostEnv: HostEnv): Record<string, string> {
  return {
    NPM_CONFIG_PREFIX: `${home}/.npm-global`,
    PIP_USER: '1',
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    ...pick(hostEnv, PROXY_VARIABLES, (value) => value !== ''),
    ...pick(hostEnv, CERTIFICATE_VARIABLES, isSharedCertificatePath),
  }
}

/** The PATH of level `none`: the machine's own, with our Node as the last resort. */
export function hostPath(hostEnv: HostEnv, nodeFolder: string): string {
  return `${hostEnv['PATH'] ?? FALLBACK_PATH}:${nodeFolder}`
}

function commonEnvironment(options: PartEnvironment): Record<string, string> {
  return {
    SANDBOX_ID: options.sandboxId,
    CONTROL_PUBLIC_KEY: options.publicKey.trim().replaceAll('\n', '\\n'),
    HOME: options.home,
    PATH: options.path,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    USER: 'dev',
    LOGNAME: 'dev',
    SHELL: '/bin/bash',
    ...toolEnvironment(options.home, options.hostEnv),
  }
}

/** Only what lies under `/etc/ssl` is there inside. */
function isSharedCertificatePath(path: string): boolean {
  return path.startsWith('/etc/ssl/') && !path.includes('..')
}

function pick(hostEnv: HostEnv, names: string[], accepts: (value: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = hostEnv[name]
      return value !== undefined && accepts(value) ? [[name, value]] : []
    }),
  )
}
