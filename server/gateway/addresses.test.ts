import { describe, expect, test } from 'vitest'
import { previewHostOf } from '#server/gateway/addresses.ts'

const REPL = 'abcdefghij012345'

describe('preview hosts', () => {
  test('name a port and a repl, in any case, with or without the server port', () => {
    expect(previewHostOf(`3000-${REPL}.localhost:4000`, 'localhost')).toEqual({
      replId: REPL,
      port: 3000,
      authority: `3000-${REPL}.localhost:4000`,
    })
    expect(previewHostOf(`80-${REPL.toUpperCase()}.Preview.Example.COM`, 'preview.example.com')).toMatchObject({
      replId: REPL,
      port: 80,
    })
  })

  test.each([
    `0-${REPL}.localhost`,
    `03000-${REPL}.localhost`,
    `65536-${REPL}.localhost`,
    `-1-${REPL}.localhost`,
    `3000-${REPL}x.localhost`,
    `3000-${REPL.slice(1)}.localhost`,
    `3000-1${REPL.slice(1)}.localhost`,
    `${REPL}.localhost`,
    `3000-${REPL}.x.localhost`,
    `x.3000-${REPL}.localhost`,
    `3000-${REPL}.localhost.`,
    `3000-${REPL}.localhost:x`,
    `3000-${REPL}.localhost@evil.example`,
    `3000-${REPL}.localhostx`,
    `3000-${REPL}.evil.example`,
    'localhost',
    '',
  ])('%s is none', (authority) => {
    expect(previewHostOf(authority, 'localhost')).toBeUndefined()
  })
})
