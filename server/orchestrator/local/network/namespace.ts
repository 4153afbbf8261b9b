/** A network of its own for a sandbox: a namespace, a cable to the host, NAT, and rules. Needs root, ip and nft. */
import { readFile, writeFile } from 'node:fs/promises'
import { NETWORK_ATTEMPTS } from '../limits.ts'
import { runTool, ToolError } from '../run-tool.ts'
import { LINK_PREFIX, pairOf } from './addresses.ts'
import type { Pair } from './addresses.ts'
import { iptablesRules, removeIptablesRules } from './iptables.ts'
import { isLoopback, resolvConf } from './resolvers.ts'
import type { Resolvers } from './resolvers.ts'
import { nftRules } from './rules.ts'

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

export interface SandboxNetwork {
  /** Path of the namespace, for `nsenter`. */
  namespace: string
  resolvConf: string
}

/** What filters packets here. */
export type Firewall = 'nftables' | 'iptables'

export interface NetworkOptions {
  firewall: Firewall
  resolvers: Resolvers
  proxies: { address: string; port: number }[]
}

/** Makes the network of a sandbox. What a failed attempt left behind is taken away by `removeNetwork`. */
export async function makeNetwork(sandboxId: string, options: NetworkOptions): Promise<SandboxNetwork> {
  const name = namespaceOf(sandboxId)
  await runTool(['ip', 'netns', 'add', name])
  const pair = await claimPair(sandboxId, name)
  await closeLink(sandboxId, pair, options)
  await runTool(['ip', '-batch', '-'], {
    input: lines(`addr add ${pair.gateway}/30 dev ${pair.link}`, `link set ${pair.link} up`),
  })
  await runTool(['ip', '-n', name, '-batch', '-'], {
    input: lines(
      'link set lo up',
      `addr add ${pair.address}/30 dev eth0`,
      'link set eth0 up',
      `route add default via ${pair.gateway}`,
    ),
  })
  if (options.resolvers.servers.some(isLoopback)) {
    // Answers of a name server on loopback may then leave through this cable; the rules let nothing else in.
    await writeFile(`/proc/sys/net/ipv4/conf/${pair.link}/route_localnet`, '1')
  }
  return { namespace: pathOf(name), resolvConf: resolvConf(options.resolvers, pair.gateway) }
}

/** The network of a sandbox that was made before. */
export function networkPath(sandboxId: string): string {
  return pathOf(namespaceOf(sandboxId))
}

/** Takes everything of it away; what is not there is no error. */
export async function removeNetwork(sandboxId: string, firewall: Firewall): Promise<void> {
  const name = namespaceOf(sandboxId)
  // The cable first: the namespace itself may live a moment longer than its name.
  await quietly(['ip', '-n', name, 'link', 'del', 'eth0'])
  await quietly(['ip', 'netns', 'del', name])
  if (firewall === 'iptables') await removeIptablesRules(sandboxId)
  else await quietly(['nft', 'delete', 'table', 'inet', tableOf(sandboxId)])
}

/** Which of the two is here; asked by listing what it has. */
export async function findFirewall(): Promise<Firewall> {
  const hasNftables = await runTool(['nft', 'list', 'tables']).then(
    () => true,
    () => false,
  )
  return hasNftables ? 'nftables' : 'iptables'
}

/** Lets the kernel pass packets on, which NAT needs. Says whether it had to be switched on. */
export async function enableForwarding(): Promise<boolean> {
  if ((await readFile(FORWARDING, 'utf8')).trim() === '1') return false
  await writeFile(FORWARDING, '1')
  return true
}

/**
 * Lets our links through where another firewall (Docker's, ufw's) drops what it does not know. Only the links are named: what
 * may pass on them is said by each sandbox's own rules, which come first. The same two rules serve all control planes.
 */
export async function openForwardChain(): Promise<boolean> {
  const chain = await runTool(['iptables', '-w', '-S', 'FORWARD']).catch(() => '')
  if (!chain.startsWith('-P FORWARD DROP')) return false
  for (const side of ['-i', '-o']) {
    const rule = ['FORWARD', side, `${LINK_PREFIX}+`, '-j', 'ACCEPT'] as const
    await runTool(['iptables', '-w', '-C', ...rule]).catch(() => runTool(['iptables', '-w', '-I', ...rule]))
  }
  return true
}

/** Names of links are unique on the machine, so making one decides who has its addresses, also between control planes. */
async function claimPair(sandboxId: string, namespace: string): Promise<Pair> {
  for (let attempt = 0; attempt < NETWORK_ATTEMPTS; attempt++) {
    const pair = pairOf(sandboxId, attempt)
    try {
      await runTool(['ip', 'link', 'add', pair.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace])
      return pair
    } catch (error) {
      if (!(error instanceof ToolError && error.message.includes('File exists'))) throw error
    }
  }
  throw new ToolError(`No free network address in ${NETWORK_ATTEMPTS} attempts.`)
}

/** Sets the rules for a cable that is not up yet. */
async function closeLink(sandboxId: string, pair: Pair, options: NetworkOptions): Promise<void> {
  const rules = { ...pair, servers: options.resolvers.servers, proxies: options.proxies }
  if (options.firewall === 'nftables') {
    await runTool(['nft', '-f', '-'], { input: nftRules({ ...rules, table: tableOf(sandboxId) }) })
    return
  }
  // The rules are for IPv4; there is no other way through this cable.
  await writeFile(`/proc/sys/net/ipv6/conf/${pair.link}/disable_ipv6`, '1').catch(ignoreMissing)
  await runTool(['iptables-restore', '-w', '--noflush'], { input: iptablesRules(sandboxId, rules) })
}

/** Kernels without IPv6 have no such setting. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

async function quietly(argv: readonly [string, ...string[]]): Promise<void> {
  await runTool(argv).catch(() => {})
}

function namespaceOf(sandboxId: string): string {
  return `devex-${sandboxId}`
}

function tableOf(sandboxId: string): string {
  return `devex_${sandboxId}`
}

function pathOf(name: string): string {
  return `/run/netns/${name}`
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
