/**
 * The router of a control plane: a network of its own between the machine and the sandboxes. Their cables end in it, so
 * sandboxes come and go without any change to the machine's own links and addresses, at which browsers there would drop
 * what they are loading. What it lets pass is said in it (from no sandbox to another) and in the machine (not to the
 * machine itself nor to private networks); user code is inside neither. Needs root, ip, and nft or iptables.
 */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Log } from '#server/log.ts'
import { runTool } from '../run-tool.ts'
import { isSandboxLink, pairOfLink } from './addresses.ts'
import type { Pair } from './addresses.ts'
import { claimPair, linksOf, namespacePath, quietly } from './cables.ts'
import { closeLink, closeRouter, findFirewall, forgetLink } from './firewall.ts'
import type { Firewall } from './firewall.ts'
import { isLoopback, resolvConf } from './resolvers.ts'
import type { Resolvers } from './resolvers.ts'

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

/**
 * Run inside a router: it passes packets on, and drops those whose sender is not behind the cable that they came through.
 * Kernels without IPv6 have no such settings. Written only where necessary: in containers this is often read-only.
 */
const SETTINGS = `
set -eu
cd /proc/sys/net
for file in ipv4/ip_forward ipv4/conf/all/rp_filter ipv6/conf/*/disable_ipv6; do
  [ ! -e "$file" ] || [ "$(cat "$file")" = 1 ] || echo 1 > "$file"
done
`

/** What sandboxes may use wherever it is. */
export interface NetworkOptions {
  resolvers: Resolvers
  proxies: { address: string; port: number }[]
}

export interface RouterOptions extends NetworkOptions {
  /** Tells routers of several control planes apart. */
  dataDir: string
  /** Default: what is here. */
  firewall?: Firewall
  log: Log
}

export interface Router {
  /** Name of its network namespace. */
  name: string
  /** For all its sandboxes. */
  resolvConf: string
  /** Sets the machine's rules for it, whatever another program made of them since. */
  guard(): Promise<unknown>
}

/** Makes the router of a data folder, or takes over the one that an earlier control plane left, with rules as of now. */
export async function openRouter(options: RouterOptions): Promise<Router> {
  const name = routerOf(options.dataDir)
  const [firewall, found] = await Promise.all([options.firewall ?? findFirewall(), linksOf(name)])
  const links = found ?? (await makeNamespace(name))
  const pair = links.map(pairOfLink).find((one) => one !== undefined) ?? (await connect(name))
  const guard = () => closeLink(firewall, { ...pair, servers: options.resolvers.servers, proxies: options.proxies })
  // All rules are there before the cable is up.
  await Promise.all([prepareMachine(pair, guard, options), prepareInside(name, firewall, pair.link)])
  await bringUp(name, pair)
  return { name, resolvConf: resolvConf(options.resolvers, pair.gateway), guard }
}

/** Takes the router of a data folder away, unless a sandbox is still connected to it. What is not there is no error. */
export async function removeRouter(dataDir: string): Promise<void> {
  const name = routerOf(dataDir)
  const links = await linksOf(name)
  if (links === undefined) return
  if (links.some(isSandboxLink)) return
  // The cable after the rules: by it they are found again if this is interrupted.
  for (const { link } of links.flatMap((found) => pairOfLink(found) ?? [])) {
    await forgetLink(link)
    await quietly(['ip', '-n', name, 'link', 'del', link])
  }
  await quietly(['ip', 'netns', 'del', name])
}

async function makeNamespace(name: string): Promise<string[]> {
  // A file of that name may be there without a namespace, after a reboot.
  await quietly(['ip', 'netns', 'del', name])
  await runTool(['ip', 'netns', 'add', name])
  return []
}

/** Both ends of the cable have the same name, so that the rest is known from either. */
async function connect(name: string): Promise<Pair> {
  return await claimPair('machine', name, (pair) =>
    runTool(['ip', 'link', 'add', pair.link, 'type', 'veth', 'peer', 'name', pair.link, 'netns', name]),
  )
}

/** Everything in the machine's own network but addresses. */
async function prepareMachine(
  { link }: Pair,
  guard: () => Promise<{ isChainOpened: boolean }>,
  { log, resolvers }: RouterOptions,
): Promise<void> {
  await writeFile(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, '1').catch(ignoreMissing)
  const { isChainOpened } = await guard()
  if (isChainOpened) log.info('let the networks of sandboxes through the FORWARD chain')
  if (await enableForwarding()) log.info('switched IPv4 forwarding on, for the networks of sandboxes')
  // Answers of a name server on loopback may then leave through this cable; the rules let nothing else in.
  const localnet = resolvers.servers.some(isLoopback) ? '1' : '0'
  const file = `/proc/sys/net/ipv4/conf/${link}/route_localnet`
  if ((await readFile(file, 'utf8')).trim() !== localnet) await writeFile(file, localnet)
}

async function prepareInside(name: string, firewall: Firewall, link: string): Promise<void> {
  await runTool(['nsenter', `--net=${namespacePath(name)}`, '--', '/bin/sh', '-c', SETTINGS])
  await closeRouter(firewall, namespacePath(name), link)
}

/** `replace` changes nothing where it is so already. */
async function bringUp(name: string, { link, gateway, address }: Pair): Promise<void> {
  await runTool(['ip', '-batch', '-'], { input: `addr replace ${gateway}/30 dev ${link}\nlink set ${link} up\n` })
  await runTool(['ip', '-n', name, '-batch', '-'], {
    input: [
      'link set lo up',
      `addr replace ${address}/30 dev ${link}`,
      `link set ${link} up`,
      `route replace default via ${gateway}`,
      '',
    ].join('\n'),
  })
}

/** Lets the kernel pass packets on, which NAT needs. Says whether it had to be switched on. */
async function enableForwarding(): Promise<boolean> {
  if ((await readFile(FORWARDING, 'utf8')).trim() === '1') return false
  await writeFile(FORWARDING, '1')
  return true
}

/** Kernels without IPv6 have no such setting. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

/** Name of a data folder's router. */
export function routerOf(dataDir: string): string {
  return `devex-router-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`
}
