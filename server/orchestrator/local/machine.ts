/** What this machine can do to keep sandboxes apart, found out once by doing it. */
import { lookup } from 'node:dns/promises'
import { dirname } from 'node:path'
import { newSandboxId } from '#protocol/ids.ts'
import type { Log } from '#server/log.ts'
import type { Isolation } from '../orchestrator.ts'
import type { Cgroups } from './cgroups.ts'
import { openCgroups } from './cgroups.ts'
import { describeIsolation } from './describe-isolation.ts'
import { SANDBOX_PATH, hostPath, toolEnvironment } from './environment.ts'
import type { HostEnv } from './environment.ts'
import { currentUid } from './folders.ts'
import { ISOLATION_PROBE_TIMEOUT_MS, TOOLCHAIN_PROBE_TIMEOUT_MS } from './limits.ts'
import type { LaunchOptions } from './launch.ts'
import type { BubblewrapOptions, Mount } from './bubblewrap.ts'
import { makeNetwork, networkPath, removeNetwork } from './network/namespace.ts'
import { isLoopback, readResolvers } from './network/resolvers.ts'
import { openRouter, removeRouter } from './network/router.ts'
import type { NetworkOptions, Router } from './network/router.ts'
import { slirpRoutes, whyNoSlirp } from './network/slirp.ts'
import type { SlirpRoutes } from './network/slirp.ts'
import { findNpm } from './npm.ts'
import { runBriefly } from './run-briefly.ts'

type FoundOptions = MachineOptions & Pick<Machine, 'npmFolder'>
type NestedUserns = BubblewrapOptions['nestedUserns']

export interface MachineOptions {
  dataDir: string
  isolation: 'auto' | 'none'
  sandboxBundle: string
  nodeBinary: string
  hostEnv: HostEnv
  log: Log
}

export interface Machine {
  level: 'none' | 'bubblewrap'
  nestedUserns: NestedUserns
  /** npm's package folder, where sandboxes would have none otherwise. */
  npmFolder: string | undefined
  network: 'separate' | 'shared'
  /** Separate networks of root. It outlives the control plane as long as a sandbox needs it. */
  router: Router | undefined
  /** Separate networks of an ordinary user. */
  slirp: SlirpRoutes | undefined
  networkOptions: NetworkOptions
  cgroups: Cgroups | undefined
  isolation: Isolation
  /** Runs a shell command as a sandbox would; whether it ended well in time. */
  probe(command: string): Promise<boolean>
}

/** Tries bubblewrap, a network of its own and cgroups, each within a hard time limit. */
export async function openMachine(given: MachineOptions): Promise<Machine> {
  const options = { ...given, npmFolder: await findNpm(given.hostEnv) }
  const nestedUserns = options.isolation === 'auto' ? await tryBubblewrap(options) : undefined
  const level = nestedUserns === undefined ? 'none' : 'bubblewrap'
  const networkOptions: NetworkOptions = {
    resolvers: await readResolvers(),
    proxies: await readProxies(options.hostEnv),
  }
  const attempt =
    nestedUserns === undefined ? undefined : trial(options, { nestedUserns, network: 'inherited', command: ['true'] })
  const isRoot = currentUid() === 0
  const router = attempt !== undefined && isRoot ? await tryRouter({ ...options, networkOptions, attempt }) : undefined
  const slirp = attempt !== undefined && !isRoot ? await trySlirp({ ...options, networkOptions, attempt }) : undefined
  const network = router === undefined && slirp === undefined ? 'shared' : 'separate'
  const cgroups = await openCgroups(newSandboxId(), (joins) =>
    runBriefly(
      { sandboxId: newSandboxId(), plain: plain(['cat', '/proc/self/cgroup'], options), cgroups: joins },
      ISOLATION_PROBE_TIMEOUT_MS,
    ).then((run) => run.output),
  )
  return {
    level,
    nestedUserns: nestedUserns ?? 'refused',
    npmFolder: options.npmFolder,
    network,
    router,
    slirp,
    networkOptions,
    cgroups,
    isolation: describeIsolation({ level, network, isSlirp: slirp !== undefined }, cgroups),
    probe: async (command) => {
      const inside = ['/bin/sh', '-c', command]
      const run = await runBriefly(
        nestedUserns !== undefined
          ? trial(options, { nestedUserns, network: 'own', command: inside })
          : { sandboxId: newSandboxId(), plain: plain(inside, options), cgroups: [] },
        TOOLCHAIN_PROBE_TIMEOUT_MS,
      )
      return run.isOk
    },
  }
}

/** The program, read-only, as every sandbox sees it. */
export function programMounts(
  options: Pick<MachineOptions, 'sandboxBundle' | 'nodeBinary'> & Pick<Machine, 'npmFolder'>,
): Pick<BubblewrapOptions, 'mounts' | 'links'> {
  const npm = '/opt/devex-node/lib/node_modules/npm'
  const mounts: Mount[] = [
    { source: options.sandboxBundle, inside: '/opt/devex', access: 'read-only', kind: 'folder' },
    { source: options.nodeBinary, inside: '/opt/devex-node/bin/node', access: 'read-only', kind: 'file' },
  ]
  if (options.npmFolder === undefined) return { mounts, links: [] }
  return {
    mounts: [...mounts, { source: options.npmFolder, inside: npm, access: 'read-only', kind: 'folder' }],
    links: ['npm', 'npx'].map((name) => ({
      target: `${npm}/bin/${name}-cli.js`,
      inside: `/opt/devex-node/bin/${name}`,
    })),
  }
}

/** Runs `true` in it, as strictly as this bubblewrap can. `undefined`: it does not work here. */
async function tryBubblewrap(options: FoundOptions): Promise<NestedUserns | undefined> {
  for (const nestedUserns of ['refused', 'allowed'] as const) {
    const attempt = trial(options, { nestedUserns, network: 'own', command: ['true'] })
    const run = await runBriefly(attempt, ISOLATION_PROBE_TIMEOUT_MS)
    if (run.isOk) return nestedUserns
    options.log.info('bubblewrap does not work here', { nestedUserns, why: run.output.trim() })
  }
  return undefined
}

interface NetworkTrial extends MachineOptions {
  networkOptions: NetworkOptions
  /** A sandbox's bubblewrap with a network that it is given. */
  attempt: LaunchOptions
}

/** Makes the router, or takes over what is there, and tries a sandbox's network on it. `undefined`: it does not work here. */
async function tryRouter({ networkOptions, attempt, dataDir, log }: NetworkTrial): Promise<Router | undefined> {
  const { sandboxId } = attempt
  try {
    const router = await openRouter({ ...networkOptions, dataDir, log })
    await makeNetwork(sandboxId, router)
    const networkNamespace = networkPath(sandboxId)
    const run = await runBriefly({ ...attempt, networkNamespace }, ISOLATION_PROBE_TIMEOUT_MS)
    if (run.isOk) return router
    log.info('sandboxes share the network of this machine', { why: run.output.trim() })
  } catch (error) {
    log.info('sandboxes share the network of this machine', {
      why: error instanceof Error ? error.message : String(error),
    })
  } finally {
    await removeNetwork(sandboxId)
  }
  await removeRouter(dataDir)
  return undefined
}

async function trySlirp({ networkOptions, attempt, log }: NetworkTrial): Promise<SlirpRoutes | undefined> {
  const slirp = slirpRoutes(networkOptions.proxies)
  const why = await whyNoSlirp()
  const run = why === undefined ? await runBriefly({ ...attempt, slirp }, ISOLATION_PROBE_TIMEOUT_MS) : undefined
  if (run?.isOk === true) return slirp
  log.info('sandboxes share the network of this machine', { why: why ?? `slirp4netns: ${run?.output.trim()}` })
  return undefined
}

/** A sandbox's bubblewrap without a volume. */
function trial(
  options: FoundOptions,
  inside: Pick<BubblewrapOptions, 'network' | 'nestedUserns' | 'command'>,
): LaunchOptions {
  return {
    sandboxId: newSandboxId(),
    cgroups: [],
    bubblewrap: {
      ...inside,
      ...programMounts(options),
      environment: { PATH: SANDBOX_PATH, HOME: '/tmp', LANG: 'C.UTF-8', ...toolEnvironment('/tmp', options.hostEnv) },
      cwd: '/tmp',
    },
  }
}

function plain(command: string[], options: MachineOptions) {
  const path = hostPath(options.hostEnv, dirname(options.nodeBinary))
  return { command, environment: { PATH: path, HOME: '/tmp', LANG: 'C.UTF-8' }, cwd: '/tmp' }
}

/** Proxies of this machine that sandboxes may use; one on loopback is out of their reach. */
async function readProxies(hostEnv: HostEnv): Promise<NetworkOptions['proxies']> {
  const values = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) => hostEnv[name] ?? [])
  const proxies = await Promise.all([...new Set(values)].map(readProxy))
  return proxies.filter((proxy) => proxy !== undefined && !isLoopback(proxy.address)).flatMap((proxy) => proxy ?? [])
}

async function readProxy(value: string): Promise<{ address: string; port: number } | undefined> {
  const url = URL.parse(value)
  if (url === null || url.hostname === '') return undefined
  const found = await lookup(url.hostname, { family: 4 }).catch(() => undefined)
  const fallback = url.protocol === 'https:' ? 443 : 80
  return found === undefined
    ? undefined
    : { address: found.address, port: url.port === '' ? fallback : Number(url.port) }
}
