import { describe, expect, test } from 'vitest'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'
import { createMeters } from '#server/gateway/mcp/meters.ts'

describe('limits, with several control planes', () => {
  const limits = { ...MCP_LIMITS, parallelCalls: 2, streams: 1, maxUsesTold: 2 }
  const two = (callsPerMinute = 1000) => {
    let now = 0
    const [a, b] = [createMeters(limits, callsPerMinute, () => now), createMeters(limits, callsPerMinute, () => now)]
    return {
      a,
      b,
      tell: () => b.heard('a', a.news()),
      pass: (ms: number) => void (now += ms),
      begin: (meters: typeof a, isStream = false) => meters.begin({ connectionId: 'c', replId: 'r', isStream }),
    }
  }

  test('what is open at one counts at the other, and no longer when it ends', () => {
    const { a, b, tell, begin } = two()
    const open = [begin(a), begin(a)]
    expect(() => begin(b)[Symbol.dispose]()).not.toThrow()
    tell()
    expect(() => begin(b)).toThrow('under way')
    for (const use of open) use[Symbol.dispose]()
    tell()
    expect(() => begin(b)).not.toThrow()
  })

  test('what stays open is told again; of one that says nothing more it is forgotten', () => {
    const { a, b, tell, pass, begin } = two()
    begin(a, true)
    for (let round = 0; round < 10; round++) {
      tell()
      expect(() => begin(b, true)).toThrow('open already')
      pass(limits.repeatUseEveryMs)
    }
    pass(limits.useElsewhereMs)
    expect(() => begin(b, true)).not.toThrow()
  })

  test('calls of a minute are spent at both, once', () => {
    const { a, b, tell, pass, begin } = two(10)
    for (let call = 0; call < 10; call++) begin(a)[Symbol.dispose]()
    tell()
    tell()
    expect(() => begin(b)).toThrow('More than 10 calls')
    pass(6000)
    expect(() => begin(b)).not.toThrow()
  })

  test('so are bytes', () => {
    const { a, b, tell, pass, begin } = two()
    using use = begin(a)
    use.bytes(limits.bytesPerMinute + 1)
    tell()
    expect(() => begin(b)).toThrow('More was sent')
    pass(1000)
    expect(() => begin(b)).not.toThrow()
  })

  test('what turns out to be a stream counts as one, as long as there may be more of them', () => {
    const { a, begin } = two()
    const streams = [begin(a), begin(a)]
    streams[0]?.asStream()
    expect(() => streams[1]?.asStream()).toThrow('open already')
    expect(() => begin(a)[Symbol.dispose]()).not.toThrow()
    streams[0]?.[Symbol.dispose]()
    expect(() => streams[1]?.asStream()).not.toThrow()
    expect(() => begin(a, true)).toThrow('open already')
  })

  test('what does not fit into one message comes with the next', () => {
    const { a, b, tell } = two()
    for (const id of ['one', 'two', 'three']) a.begin({ connectionId: id, replId: undefined, isStream: true })
    const at = (id: string) => () => b.begin({ connectionId: id, replId: undefined, isStream: true })[Symbol.dispose]()
    tell()
    expect(at('two')).toThrow('open already')
    expect(at('three')).not.toThrow()
    tell()
    expect(at('three')).toThrow('open already')
  })
})
