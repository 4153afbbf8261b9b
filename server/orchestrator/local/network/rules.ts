/** What nftables lets pass, as data: in the machine's network for a router, and in a router for its sandboxes. */
import type { Pair } from './addresses.ts'
import { isLoopback } from './resolvers.ts'

/** What no sandbox may reach: private and link-local networks (cloud metadata among them), other routers, multicast. */
export const CLOSED_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
]

export interface RuleOptions extends Pair {
  /** Name servers, which may be asked wherever they are. */
  servers: string[]
  /** The company's proxy, which may be used wherever it is. */
  proxies: { address: string; port: number }[]
}

/**
 * The rules of the machine for all that comes through the cable of a router, in a table of its own: replaced and deleted
 * as a whole, in the way of nobody else's.
 */
export function nftRules(options: RuleOptions): string {
  const { link, address, servers } = options
  const loopbackServer = servers.find(isLoopback)
  const outside = servers.filter((server) => !isLoopback(server))
  const dns =
    outside.length === 0
      ? []
      : [`ip daddr ${set(outside)} udp dport 53 accept`, `ip daddr ${set(outside)} tcp dport 53 accept`]
  const proxies = options.proxies.map((proxy) => `ip daddr ${proxy.address} tcp dport ${proxy.port} accept`)
  const redirect =
    loopbackServer === undefined
      ? []
      : [
          `iifname "${link}" ip daddr ${options.gateway} udp dport 53 dnat to ${loopbackServer}:53`,
          `iifname "${link}" ip daddr ${options.gateway} tcp dport 53 dnat to ${loopbackServer}:53`,
        ]
  return table(link, [
    chain('input', 'filter hook input priority filter - 5; policy accept', [
      `iifname != "${link}" accept`,
      'meta nfproto ipv6 drop',
      `ip saddr != ${address} drop`,
      'ct state established,related accept',
      ...(loopbackServer === undefined ? [] : ['ct status dnat meta l4proto { tcp, udp } th dport 53 accept']),
      ...dns,
      'drop',
    ]),
    chain('forward', 'filter hook forward priority filter - 5; policy accept', [
      `oifname "${link}" ct state established,related accept`,
      `oifname "${link}" drop`,
      `iifname != "${link}" accept`,
      'meta nfproto ipv6 drop',
      `ip saddr != ${address} drop`,
      'ct state established,related accept',
      ...dns,
      ...proxies,
      `ip daddr ${set(CLOSED_RANGES)} drop`,
    ]),
    chain('prerouting', 'nat hook prerouting priority dstnat; policy accept', redirect),
    chain('postrouting', 'nat hook postrouting priority srcnat; policy accept', [
      `ip saddr ${address} oifname != "${link}" masquerade`,
    ]),
  ])
}

/**
 * The rules inside a router, for any number of sandboxes: out through the cable to the machine, back what answers, and
 * nothing else: neither to the router itself nor from one sandbox to another. That nobody poses as another is left to
 * `rp_filter`, which knows what address is behind which cable.
 */
export function nftRouterRules(link: string): string {
  return table(link, [
    chain('input', 'filter hook input priority filter; policy drop', []),
    chain('forward', 'filter hook forward priority filter; policy drop', [
      'meta nfproto ipv6 drop',
      `iifname "${link}" ct state established,related accept`,
      `iifname != "${link}" oifname "${link}" accept`,
    ]),
    chain('postrouting', 'nat hook postrouting priority srcnat; policy accept', [`oifname "${link}" masquerade`]),
  ])
}

/** A table in place of whatever it was before, in one step. */
function table(name: string, chains: string[]): string {
  const head = `table inet ${name}`
  return [head, `delete ${head}`, `${head} {`, ...chains, '}', ''].join('\n')
}

function chain(name: string, hook: string, rules: string[]): string {
  return [`  chain ${name} {`, `    type ${hook};`, ...rules.map((rule) => `    ${rule}`), '  }'].join('\n')
}

function set(values: string[]): string {
  return `{ ${values.join(', ')} }`
}
