/** The same rules as `rules.ts` for machines without nftables: chains of their own, reached by one jump each. */
import { runTool } from '../run-tool.ts'
import { isLoopback } from './resolvers.ts'
import { CLOSED_RANGES } from './rules.ts'
import type { RuleOptions } from './rules.ts'

const TABLES = ['filter', 'nat']

/** Input of `iptables-restore --noflush`. */
export function iptablesRules(sandboxId: string, options: Omit<RuleOptions, 'table'>): string {
  const { link, address, gateway, servers } = options
  const [input, forward, back] = chainsOf(sandboxId)
  const loopbackServer = servers.find(isLoopback)
  const known = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
  const dns = (chain: string) =>
    servers
      .filter((server) => !isLoopback(server))
      .flatMap((server) => ['udp', 'tcp'].map((kind) => `-A ${chain} -d ${server} -p ${kind} --dport 53 -j ACCEPT`))
  const redirected = loopbackServer === undefined ? [] : ['udp', 'tcp']
  return [
    '*filter',
    ...[input, forward, back].map((chain) => `:${chain} - [0:0]`),
    ...[input, forward].flatMap((chain) => [`-A ${chain} ! -s ${address} -j DROP`, `-A ${chain} ${known}`]),
    ...redirected.map((kind) => `-A ${input} -m conntrack --ctstate DNAT -p ${kind} --dport 53 -j ACCEPT`),
    ...dns(input),
    `-A ${input} -j DROP`,
    ...dns(forward),
    ...options.proxies.map((proxy) => `-A ${forward} -d ${proxy.address} -p tcp --dport ${proxy.port} -j ACCEPT`),
    ...CLOSED_RANGES.map((range) => `-A ${forward} -d ${range} -j DROP`),
    `-A ${forward} -j ACCEPT`,
    `-A ${back} ${known}`,
    `-A ${back} -j DROP`,
    `-I INPUT 1 -i ${link} -j ${input}`,
    `-I FORWARD 1 -i ${link} -j ${forward}`,
    `-I FORWARD 1 -o ${link} -j ${back}`,
    'COMMIT',
    '*nat',
    ...redirected.map(
      (kind) =>
        `-A PREROUTING -i ${link} -d ${gateway} -p ${kind} --dport 53 -m comment --comment ${markOf(sandboxId)} -j DNAT --to-destination ${loopbackServer}:53`,
    ),
    `-A POSTROUTING -s ${address} ! -o ${link} -m comment --comment ${markOf(sandboxId)} -j MASQUERADE`,
    'COMMIT',
    '',
  ].join('\n')
}

/** Takes all rules of a sandbox away; what is not there is no error. */
export async function removeIptablesRules(sandboxId: string): Promise<void> {
  for (const table of TABLES) {
    const listing = await runTool(['iptables', '-w', '-t', table, '-S']).catch(() => '')
    const lines = listing.split('\n').filter((line) => line.includes(markOf(sandboxId)))
    for (const line of removals(lines)) await runTool(['iptables', '-w', '-t', table, ...line]).catch(() => {})
  }
}

/** First the rules that stand in other chains, then our chains with all that is in them. */
function removals(lines: string[]): string[][] {
  const chains = lines.flatMap((line) => (line.startsWith('-N ') ? [line.slice(3)] : []))
  const elsewhere = lines.filter(
    (line) => line.startsWith('-A ') && !chains.some((chain) => line.startsWith(`-A ${chain} `)),
  )
  return [
    ...elsewhere.map((line) => ['-D', ...line.slice(3).replaceAll('"', '').split(' ')]),
    ...chains.map((chain) => ['-F', chain]),
    ...chains.map((chain) => ['-X', chain]),
  ]
}

/** At most 28 characters each. */
function chainsOf(sandboxId: string): [input: string, forward: string, back: string] {
  const mark = markOf(sandboxId)
  return [`${mark}-I`, `${mark}-F`, `${mark}-R`]
}

function markOf(sandboxId: string): string {
  return `DEVEX-${sandboxId}`
}
