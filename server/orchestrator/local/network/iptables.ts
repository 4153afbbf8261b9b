/** The same rules as `rules.ts` for machines without nftables: chains of their own, reached by one jump each. */
import { runTool } from '../run-tool.ts'
import { isLoopback } from './resolvers.ts'
import { CLOSED_RANGES } from './rules.ts'
import type { RuleOptions } from './rules.ts'

/** A rule that leads to a chain of ours, as `iptables` takes it after `-I`. */
interface Jump {
  table: 'filter' | 'nat'
  rule: string[]
}

/** Puts the rules of the machine for a router in place of what they were before. */
export async function applyIptablesRules(options: RuleOptions): Promise<void> {
  await runTool(['iptables-restore', '-w', '--noflush'], { input: iptablesRules(options) })
  for (const { table, rule } of jumpsOf(options)) await insertOnce(table, rule)
}

/** Input of `iptables-restore --noflush`, which replaces the chains that it names. */
function iptablesRules(options: RuleOptions): string {
  const { link, address, gateway, servers } = options
  const { input, forward, back, before, after } = chainsOf(link)
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
    'COMMIT',
    '*nat',
    ...[before, after].map((chain) => `:${chain} - [0:0]`),
    ...redirected.map(
      (kind) => `-A ${before} -d ${gateway} -p ${kind} --dport 53 -j DNAT --to-destination ${loopbackServer}:53`,
    ),
    `-A ${after} ! -o ${link} -j MASQUERADE`,
    'COMMIT',
    '',
  ].join('\n')
}

/** Input of `iptables-restore` inside a router, where nobody else has rules. IPv6 is off there. */
export function iptablesRouterRules(link: string): string {
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    `-A FORWARD -i ${link} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A FORWARD ! -i ${link} -o ${link} -j ACCEPT`,
    'COMMIT',
    '*nat',
    `-A POSTROUTING -o ${link} -j MASQUERADE`,
    'COMMIT',
    '',
  ].join('\n')
}

/**
 * Lets a link through where another firewall (Docker's, ufw's) drops what it does not know. What may pass on it is said by
 * our own rules in nftables, which drop whatever others say. Returns whether that was necessary.
 */
export async function openForwardChain(link: string): Promise<boolean> {
  const chain = await runTool(['iptables', '-w', '-S', 'FORWARD']).catch(() => '')
  if (!chain.startsWith('-P FORWARD DROP')) return false
  for (const side of ['-i', '-o']) {
    await insertOnce('filter', ['FORWARD', side, link, ...comment(link), '-j', 'ACCEPT'])
  }
  return true
}

/** Takes all rules of a link away; what is not there is no error. */
export async function removeIptablesRules(link: string): Promise<void> {
  const filter = await ownLines('filter', link)
  // Looking at a table makes the kernel load it, so `nat` is left alone where only the FORWARD chain was opened.
  if (filter.some((line) => line.startsWith('-N '))) await remove('nat', await ownLines('nat', link))
  await remove('filter', filter)
}

async function ownLines(table: Jump['table'], link: string): Promise<string[]> {
  const listing = await runTool(['iptables', '-w', '-t', table, '-S']).catch(() => '')
  return listing.split('\n').filter((line) => line.includes(markOf(link)))
}

async function remove(table: Jump['table'], lines: string[]): Promise<void> {
  for (const line of removals(lines)) await runTool(['iptables', '-w', '-t', table, ...line]).catch(() => {})
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

function jumpsOf({ link, address }: RuleOptions): Jump[] {
  const { input, forward, back, before, after } = chainsOf(link)
  return [
    { table: 'filter', rule: ['INPUT', '-i', link, '-j', input] },
    { table: 'filter', rule: ['FORWARD', '-i', link, '-j', forward] },
    { table: 'filter', rule: ['FORWARD', '-o', link, '-j', back] },
    { table: 'nat', rule: ['PREROUTING', '-i', link, '-j', before] },
    { table: 'nat', rule: ['POSTROUTING', '-s', address, '-j', after] },
  ]
}

async function insertOnce(table: Jump['table'], rule: string[]): Promise<void> {
  const command = ['iptables', '-w', '-t', table] as const
  await runTool([...command, '-C', ...rule]).catch(() => runTool([...command, '-I', ...rule]))
}

/** At most 28 characters each. */
function chainsOf(link: string) {
  const mark = markOf(link)
  return { input: `${mark}-I`, forward: `${mark}-F`, back: `${mark}-R`, before: `${mark}-D`, after: `${mark}-S` }
}

function comment(link: string): string[] {
  return ['-m', 'comment', '--comment', markOf(link)]
}

function markOf(link: string): string {
  return link.toUpperCase()
}
