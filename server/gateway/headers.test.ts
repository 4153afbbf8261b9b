import { describe, expect, test } from 'vitest'
import { endToEndHeaders, isOwnSetCookie, withoutPlatformCookies } from '#server/gateway/headers.ts'

describe('headers', () => {
  test('of one connection, and those that Connection names, do not go on', () => {
    const raw = ['Host', 'x', 'Connection', 'keep-alive, X-Secret', 'X-Secret', '1', 'TE', 'trailers', 'X-Kept', '2']
    expect(endToEndHeaders([...raw, 'Keep-Alive', '5', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2c'])).toEqual([
      ['Host', 'x'],
      ['X-Kept', '2'],
    ])
  })

  test.each([
    ['a=1; devex_preview=x; b=2', 'a=1; b=2'],
    ['next-auth.session-token=x', undefined],
    ['__Secure-next-auth.session-token=x; __Host-next-auth.csrf-token=y', undefined],
    ['NEXT-AUTH.session-token.0=x; a=1', 'a=1'],
    ['devex.guest=x; devex.local=y; devexish=kept', 'devexish=kept'],
    [' = ; next-auth.session-token ; a', '= ; a'],
    ['=devex_preview=x; a=1', 'a=1'],
    ['theme="next-auth.x"; my-next-auth.x=1', 'theme="next-auth.x"; my-next-auth.x=1'],
    ['', undefined],
  ])('S6: of the cookies %j, %j goes to the user’s server', (given, kept) => {
    expect(withoutPlatformCookies(given)).toEqual(kept)
  })

  test.each([
    ['sid=1; Path=/; HttpOnly', true],
    ['sid=1; domain=localhost', false],
    ['sid=1;Path=/; DOMAIN = .example.com', false],
    ['devex_preview=x', false],
    ['Next-Auth.session-token=x', false],
    ['__Secure-next-auth.session-token=x; Secure', false],
    ['=devex_preview=x', false],
    ['domain=fine', true],
  ])('S6: a user’s server may set %j: %j', (setCookie, isAllowed) => {
    expect(isOwnSetCookie(setCookie)).toBe(isAllowed)
  })
})
