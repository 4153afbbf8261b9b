import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { slirpResolvConf, slirpRoutes } from './slirp.ts'

describe('the network of an ordinary user’s sandbox', () => {
  test('is closed to private ranges and to what this machine is called now', () => {
    const { closed } = slirpRoutes([])
    expect(closed).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16']))
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    const outside = own.filter(({ family, internal }) => family === 'IPv4' && !internal)
    expect(closed).toEqual(expect.arrayContaining(outside.map(({ address }) => `${address}/32`)))
  })

  test('lets the company’s proxies through, each named once', () => {
    expect(slirpRoutes([{ address: '10.9.9.9' }, { address: '10.9.9.9' }]).open).toEqual(['10.9.9.9'])
  })

  test('asks slirp4netns for names, and keeps how they are searched', () => {
    expect(slirpResolvConf({ servers: ['127.0.0.53', '192.168.1.1'], rest: ['search corp'] })).toBe(
      'nameserver 10.0.2.3\nsearch corp\n',
    )
  })
})
