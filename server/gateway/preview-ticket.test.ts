import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { ask } from '#server/gateway/_client.ts'
import { portOf, startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'
import { redeemTicket } from '#server/gateway/preview-ticket.ts'
import { cookieOf, ticketUrl } from '#server/gateway/_visitor.ts'

describe('private previews', () => {
  let platform: Platform
  let server: Server
  let port: number
  const cookiesSeen: (string | undefined)[] = []

  beforeEach(async () => {
    platform = await startPlatform()
    cookiesSeen.length = 0
    server = createServer((request, response) => {
      cookiesSeen.push(request.headers.cookie)
      response.setHeader('Set-Cookie', ['own=1', 'devex_preview=forged', 'wide=1; Domain=localhost'])
      response.end('the user’s page')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = portOf(server)
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await platform[Symbol.asyncDispose]()
  })

  const visit = (path: string, headers: Record<string, string> = {}, toPort = port) =>
    ask({ port: platform.port, host: platform.previewAuthority(toPort), path, headers })
  const requestTicket = (headers: Record<string, string>, body = JSON.stringify({ port })) =>
    ask({ port: platform.port, path: `/r/${platform.replId}/preview-ticket`, method: 'POST', headers, body })
  const local = (url: URL) => url.pathname + url.search

  test('a ticket becomes a host-only, partitioned cookie that opens the preview', async () => {
    const url = await ticketUrl(platform, platform.person('viewer').cookie, port)
    expect(url.host).toBe(platform.previewAuthority(port))
    const redirect = await visit(local(url))
    expect(redirect).toMatchObject({ status: 303, headers: { location: '/', 'cache-control': 'no-store' } })
    const [setCookie = '', ...others] = redirect.headers['set-cookie'] ?? []
    expect(others).toEqual([])
    expect(setCookie).toMatch(
      /^devex_preview=[\w-]+\.[\w-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=None; Partitioned$/,
    )
    expect(await visit('/', { Cookie: cookieOf(redirect) })).toMatchObject({ status: 200, body: 'the user’s page' })
  })

  test('S6: no cookie of the platform reaches the user’s server, and it can set none', async () => {
    const redirect = await visit(local(await ticketUrl(platform, platform.person('owner').cookie, port)))
    const cookies = `a=1; ${cookieOf(redirect)}; next-auth.session-token=secret; __Secure-next-auth.session-token=secret; devex.guest=secret; b=2`
    const answer = await visit('/', { Cookie: cookies })
    expect(cookiesSeen).toEqual(['a=1; b=2'])
    expect(answer.headers['set-cookie']).toEqual(['own=1'])
  })

  test('S6: the sign-in cookie itself opens no preview', async () => {
    expect(await visit('/', { Cookie: platform.person('owner').cookie })).toMatchObject({ status: 401 })
    expect(cookiesSeen).toEqual([])
  })

  test('a ticket works once, even when two show it at the same moment', async () => {
    const url = await ticketUrl(platform, platform.person('viewer').cookie, port)
    const answers = await Promise.all([visit(local(url)), visit(local(url)), visit(local(url))])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 401, 401])
    expect(await visit(local(url))).toMatchObject({ status: 401 })
  })

  test('a used ticket leads on who came in with it, and makes no further cookie', async () => {
    const url = await ticketUrl(platform, platform.person('viewer').cookie, port)
    const cookie = cookieOf(await visit(local(url)))
    const again = await visit(local(url), { Cookie: cookie })
    expect(again).toMatchObject({ status: 303, headers: { location: '/' } })
    expect(again.headers['set-cookie']).toBeUndefined()
  })

  test('of several who read the ticket before any has used it up, one gets in', async () => {
    const ticket = (await ticketUrl(platform, platform.person('viewer').cookie, port)).searchParams.get('t') ?? ''
    const host = { replId: platform.replId, port, authority: platform.previewAuthority(port) }
    const redeem = () => redeemTicket(platform.stateStore, ticket, host)
    const winners = await Promise.all([redeem(), redeem(), redeem()])
    expect(winners.filter((who) => who !== undefined)).toHaveLength(1)
  })

  test('a ticket is good for its own port and repl only, and not used up by a wrong one', async () => {
    const url = await ticketUrl(platform, platform.person('viewer').cookie, port)
    expect(await visit(local(url), {}, port + 1)).toMatchObject({ status: 401 })
    const elsewhere = `${port}-${newId()}.localhost:${platform.port}`
    expect(await ask({ port: platform.port, host: elsewhere, path: local(url) })).toMatchObject({ status: 401 })
    expect(await visit(local(url))).toMatchObject({ status: 303 })
  })

  test.each(['', 'x', 'A'.repeat(43), '../'])('the made-up ticket %j opens nothing', async (ticket) => {
    const answer = await visit(`/__devex/ticket?t=${encodeURIComponent(ticket)}`)
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test.each([
    ['/a/b?c=d', '/a/b?c=d'],
    ['//evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['http://evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['/__devex/ticket?t=x', '/'],
    ['/a\r\nSet-Cookie: x=1', '/aSet-Cookie:%20x=1'],
  ])('after the ticket, to=%j leads to %j', async (to, location) => {
    const url = await ticketUrl(platform, platform.person('viewer').cookie, port)
    url.searchParams.set('to', to)
    expect(await visit(local(url))).toMatchObject({ status: 303, headers: { location } })
  })

  test('a cookie that was changed, or is of another port or repl, opens nothing', async () => {
    const cookie = cookieOf(await visit(local(await ticketUrl(platform, platform.person('viewer').cookie, port))))
    const [name = '', value = ''] = cookie.split('=')
    const [payload = '', signature = ''] = value.split('.')
    const other = Buffer.from(
      Buffer.from(payload, 'base64url')
        .toString()
        .replace(`"port":${port}`, `"port":${port + 1}`),
    ).toString('base64url')
    for (const forged of [
      `${payload}.${'A'.repeat(signature.length)}`,
      `${other}.${signature}`,
      payload,
      `${payload}.`,
      '.',
    ])
      expect(await visit('/', { Cookie: `${name}=${forged}` })).toMatchObject({ status: 401 })
    expect(await visit('/', { Cookie: cookie }, port + 1)).toMatchObject({ status: 401 })
    const elsewhere = `${port}-${newId()}.localhost:${platform.port}`
    const headers = { Cookie: cookie }
    expect(await ask({ port: platform.port, host: elsewhere, path: '/', headers })).toMatchObject({ status: 401 })
    expect(await visit('/', { Cookie: `devex_preview=junk; ${cookie}` })).toMatchObject({ status: 200 })
  })

  test('revoking closes the preview at once', async () => {
    const { id, cookie } = platform.person('viewer')
    const own = cookieOf(await visit(local(await ticketUrl(platform, cookie, port))))
    expect(await visit('/', { Cookie: own })).toMatchObject({ status: 200 })
    platform.access.grants.delete(id)
    platform.access.changed()
    expect(await visit('/', { Cookie: own })).toMatchObject({ status: 403 })
  })

  test('S5: signing out closes the previews that were opened by that sign-in, and its tickets', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ signInCacheMs: 0 })
    const [leaver, other] = [platform.person('viewer').cookie, platform.person('viewer').cookie]
    const [own, others, unused] = [
      cookieOf(await visit(local(await ticketUrl(platform, leaver, port)))),
      cookieOf(await visit(local(await ticketUrl(platform, other, port)))),
      await ticketUrl(platform, leaver, port),
    ]
    expect(await visit('/', { Cookie: own })).toMatchObject({ status: 200 })
    platform.signOut(leaver)
    expect(await visit('/', { Cookie: own })).toMatchObject({ status: 401 })
    const redeemed = await visit(local(unused))
    expect(redeemed).toMatchObject({ status: 401 })
    expect(redeemed.headers['set-cookie']).toBeUndefined()
    expect(await visit('/', { Cookie: others })).toMatchObject({ status: 200 })
  })

  test('whether a visitor is still signed in is asked once for the many requests of a page', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ signInCacheMs: 60_000 })
    const own = cookieOf(await visit(local(await ticketUrl(platform, platform.person('viewer').cookie, port))))
    const { holders } = platform.asked
    for (let at = 0; at < 20; at += 1) expect(await visit(`/${at}`, { Cookie: own })).toMatchObject({ status: 200 })
    expect(platform.asked.holders).toBe(holders + 1)
  })

  test('a share that has expired opens nothing', async () => {
    const { id, cookie } = platform.person('viewer')
    const own = cookieOf(await visit(local(await ticketUrl(platform, cookie, port))))
    platform.access.grants.set(id, {
      role: 'viewer',
      via: { kind: 'share', shareId: newId(), expiresAt: Date.now() - 1 },
    })
    expect(await visit('/', { Cookie: own })).toMatchObject({ status: 403 })
  })

  test('S9: tickets are given to pages of the application only, to viewers and above', async () => {
    const { cookie } = platform.person('viewer')
    const Origin = platform.origin
    expect(await requestTicket({ Cookie: cookie })).toMatchObject({ status: 403 })
    expect(await requestTicket({ Cookie: cookie, Origin: 'http://evil.example' })).toMatchObject({ status: 403 })
    expect(await requestTicket({ Origin })).toMatchObject({ status: 401 })
    expect(await requestTicket({ Cookie: platform.person().cookie, Origin })).toMatchObject({ status: 404 })
    for (const body of ['', '{', '{}', '{"port":0}', '{"port":65536}', '{"port":"80"}'])
      expect(await requestTicket({ Cookie: cookie, Origin }, body)).toMatchObject({ status: 400 })
    expect(await requestTicket({ Cookie: cookie, Origin }, ' '.repeat(20_000))).toMatchObject({ status: 413 })
    expect(
      await ask({
        port: platform.port,
        path: `/r/${platform.replId}/preview-ticket`,
        headers: { Cookie: cookie, Origin },
      }),
    ).toMatchObject({ status: 501 })
  })

  test('S6: a page of a stranger’s preview cannot use a visitor’s cookie, another port of the same repl can', async () => {
    const own = cookieOf(await visit(local(await ticketUrl(platform, platform.person('viewer').cookie, port))))
    const from = (headers: Record<string, string>) =>
      visit('/', { Cookie: own, 'Sec-Fetch-Site': 'same-site', ...headers })
    const stranger = `http://3000-${newId()}.localhost:${platform.port}`
    expect(await from({ Origin: stranger })).toMatchObject({ status: 403 })
    expect(await from({ Referer: `${stranger}/x` })).toMatchObject({ status: 403 })
    expect(await from({})).toMatchObject({ status: 403 })
    expect(await from({ Origin: `http://${platform.previewAuthority(4000)}` })).toMatchObject({ status: 200 })
    expect(await from({ 'Sec-Fetch-Mode': 'navigate' })).toMatchObject({ status: 200 })
    expect(await visit('/', { Cookie: own, 'Sec-Fetch-Site': 'same-origin' })).toMatchObject({ status: 200 })
  })

  test('a public port needs no cookie, until it is private again', async () => {
    platform.access.publicPorts.add(port)
    expect(await visit('/')).toMatchObject({ status: 200 })
    expect(await visit('/', { Origin: 'http://elsewhere.example' })).toMatchObject({ status: 200 })
    expect(await visit('/', {}, port + 1)).toMatchObject({ status: 401 })
    platform.access.publicPorts.delete(port)
    platform.access.changed()
    expect(await visit('/')).toMatchObject({ status: 401 })
  })

  test('a cookie in the second half of its life is followed by another', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ previewCookieTtlMs: 4000 })
    const redirect = await visit(local(await ticketUrl(platform, platform.person('viewer').cookie, port)))
    const first = cookieOf(redirect)
    expect((await visit('/', { Cookie: first })).headers['set-cookie']).toEqual(['own=1'])
    const renewed = async () => (await visit('/', { Cookie: first })).headers['set-cookie']?.[1]
    await expect.poll(renewed, { timeout: 4000 }).toMatch(/^devex_preview=.+Partitioned$/)
  })

  test('a visit ends at its limit, however often it is renewed', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ previewVisitMs: 300 })
    const own = cookieOf(await visit(local(await ticketUrl(platform, platform.person('viewer').cookie, port))))
    expect((await visit('/', { Cookie: own })).headers['set-cookie']).toEqual(['own=1'])
    await expect.poll(async () => (await visit('/', { Cookie: own })).status).toBe(401)
  })

  test('without permission a page says whom to ask, with a way back', async () => {
    const answer = await visit('/', { Accept: 'text/html' })
    expect(answer.status).toBe(401)
    expect(answer.body).toContain('This preview is private')
    expect(answer.body).toContain(`href="${platform.origin}/r/${platform.replId}"`)
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})
