import { describe, expect, test } from 'vitest'
import { ReplyReader, RespError, encodeCommand } from '#server/state-store/resp.ts'

describe('RESP2', () => {
  test('counts bytes, not characters', () => {
    expect(encodeCommand(['SET', 'é', 1]).toString()).toBe('*3\r\n$3\r\nSET\r\n$2\r\né\r\n$1\r\n1\r\n')
  })

  const wire = Buffer.from(
    '+OK\r\n:-3\r\n$-1\r\n*-1\r\n$0\r\n\r\n$5\r\né\r\nx\r\n*2\r\n*1\r\n$1\r\na\r\n:7\r\n-ERR no\r\n',
  )
  const replies = ['OK', -3, null, null, '', 'é\r\nx', [['a'], 7], new RespError('ERR no')]

  test('reads the same replies however the bytes are cut', () => {
    for (let size = 1; size <= wire.length; size += 1) {
      const reader = new ReplyReader()
      const seen = []
      for (let at = 0; at < wire.length; at += size) seen.push(...reader.push(wire.subarray(at, at + size)))
      expect(seen).toEqual(replies)
    }
  })

  test.for([
    'HTTP/1.1 400 Bad Request\r\n',
    ':x\r\n',
    '$-2\r\n',
    '$99999999999\r\n',
    '$1\r\nabc\r\n',
    '*1\r\n'.repeat(20),
  ])('refuses %j', (bytes) => {
    expect(() => new ReplyReader().push(Buffer.from(bytes))).toThrow(/Redis/)
  })
})
