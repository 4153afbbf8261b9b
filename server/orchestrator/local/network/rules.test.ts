import { describe, expect, test } from 'vitest'
import { pairOf, pairOfLink } from './addresses.ts'
import { parseResolvers, resolvConf } from './resolvers.ts'
import { nftRules } from './rules.ts'

describe('addresses', () => {
  test('each attempt gives another pair, in a range of nobody', () => {
    const pairs = Array.from({ length: 100 }, (_, attempt) => pairOf('router', 'sandbox', attempt))
    expect(new Set(pairs.map((pair) => pair.link)).size).toBe(100)
    expect(new Set(pairs.flatMap((pair) => [pair.gateway, pair.address])).size).toBe(200)
    for (const pair of pairs) {
      expect(pair.address).toMatch(/^198\.19\.\d+\.\d+$/)
      expect(pair.link.length).toBeLessThanOrEqual(15)
    }
  })

  test('those of a router are known from the name of its link, and never those of a sandbox', () => {
    for (const attempt of [0, 1, 16_383]) {
      const pair = pairOf('machine', 'router', attempt)
      expect(pairOfLink(pair.link)).toEqual(pair)
      expect(pair.address).toMatch(/^198\.18\.\d+\.\d+$/)
    }
    expect(['lo', 'eth0', 'devexample', pairOf('router', 'sandbox', 0).link].map(pairOfLink)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('name servers', () => {
  const text =
    '# comment\nnameserver 127.0.0.53\nnameserver 2001:db8::1\nnameserver  10.1.2.3 \noptions edns0\nsearch corp\n'

  test('are read from resolv.conf', () => {
    expect(parseResolvers(text)).toEqual({
      servers: ['127.0.0.53', '10.1.2.3'],
      rest: ['options edns0', 'search corp'],
    })
  })

  test('on loopback are reached through the gateway', () => {
    expect(resolvConf(parseResolvers(text), '198.18.0.1')).toBe(
      'nameserver 198.18.0.1\nnameserver 10.1.2.3\noptions edns0\nsearch corp\n',
    )
  })
})

describe('rules', () => {
  const pair = pairOf('machine', 'router', 0)

  test('name servers come before the closed ranges, and all else to the machine is dropped', () => {
    const rules = nftRules({
      ...pair,
      servers: ['10.1.2.3'],
      proxies: [{ address: '10.9.9.9', port: 3128 }],
    })
    const forward = rules.slice(rules.indexOf('chain forward'), rules.indexOf('chain prerouting'))
    expect(forward.indexOf('10.1.2.3')).toBeGreaterThan(0)
    expect(forward.indexOf('10.1.2.3')).toBeLessThan(forward.indexOf('10.0.0.0/8'))
    expect(forward).toContain('ip daddr 10.9.9.9 tcp dport 3128 accept')
    expect(rules.slice(rules.indexOf('chain input'), rules.indexOf('chain forward'))).toMatch(/drop\n\s+}\n\s+$/)
    expect(rules).not.toContain('dnat to')
  })

  test('a name server on loopback is the one thing there that is reached', () => {
    const rules = nftRules({ ...pair, servers: ['127.0.0.1'], proxies: [] })
    expect(rules).toContain(`iifname "${pair.link}" ip daddr ${pair.gateway} udp dport 53 dnat`)
    expect(rules).toContain('ct status dnat')
  })
})
