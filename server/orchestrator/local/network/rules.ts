import type { Pair } from './addresses.ts'
import { isLoopback } from './resolvers.ts'

/** What no sandbox may reach: private and link-local networks (cloud metadata among them), other sandboxes, multicast. */
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
  table: string
  /** Name servers, which may be asked wherever they are. */
  servers: string[]
  /** The company's proxy, which may be used wherever it is. */
  proxies: { address: string; port: number }[]
}

/**
 * The nftables rules of one sandbox, in a table of its own: made and deleted as a whole, in the way of nobody else's.
 * They are there before the sandbox's cable is.
 */
export function nftRules(options: RuleOptions): string {
  const { link, address, servers } = options
  const set = (values: string[]) => `{ ${values.join(', ')} }`
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
  const chain = (name: string, hook: string, rules: string[]) =>
    [`  chain ${name} {`, `    type ${hook};`, ...rules.map((rule) => `    ${rule}`), '  }'].join('\n')
  return [
    `table inet ${options.table} {`,
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
    '}',
    '',
  ].join('\n')
}
