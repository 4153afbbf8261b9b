import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { CLIENT_ID, CLIENT_SECRET, startGithub } from './_github-stand-in.ts'
import { signInHere } from './_pages.ts'
import { startServer } from './_server.ts'
import type { Page } from '@playwright/test'
import type { Account, GithubStandIn } from './_github-stand-in.ts'

const ADA: Account = { id: 1815, login: 'ada', name: 'Ada Lovelace', email: null }

function githubEnv(github: GithubStandIn, more: Record<string, string> = {}): Record<string, string> {
  return {
    GITHUB_CLIENT_ID: CLIENT_ID,
    GITHUB_CLIENT_SECRET: CLIENT_SECRET,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.url,
    ALLOWED_GITHUB_USERS: 'ada,grace',
    SPARE_SANDBOXES: '0',
    ...more,
  }
}

async function signInWithGithub(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/repls`)
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
}

async function accountOf(page: Page, url: string): Promise<{ id: string; name: string }> {
  const response = await page.request.get(`${url}/api/trpc/account.get`)
  expect(response.status()).toBe(200)
  return (await response.json()).result.data
}

test('a click on a page whose code is yet to come is done when it is there', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const clicked = Promise.withResolvers<void>()
  await page.route('**/_next/static/**/*.js', async (route) => {
    await clicked.promise
    await route.continue()
  })
  await page.goto(server.link, { waitUntil: 'domcontentloaded' })
  await page.getByRole('button', { name: 'Continue on this machine' }).click()
  clicked.resolve()
  await expect(page).toHaveURL(`${server.url}/repls`)
})

test('GitHub: signs in with a private e-mail address, comes back to where one wanted to go, and signs out', async ({
  page,
}) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({ env: githubEnv(github) })
  await page.goto(`${server.url}/settings`)
  await expect(page).toHaveURL(/\/signin\?callbackUrl=%2Fsettings/)
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  await expect(page).toHaveURL(`${server.url}/settings`)
  const account = await accountOf(page, server.url)
  expect(account.name).toBe('Ada Lovelace')
  expect(account.id).not.toContain('1815')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(`${server.url}/`)
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeVisible()
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
})

test('S9: the provider’s token is in no cookie, and none of the cookies is readable by scripts', async ({ page }) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({ env: githubEnv(github) })
  await signInWithGithub(page, server.url)
  await expect(page).toHaveURL(`${server.url}/repls`)
  const cookies = await page.context().cookies(server.url)
  expect(JSON.stringify(cookies)).not.toContain('gho_')
  const session = cookies.find((cookie) => cookie.name.includes('session-token'))
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
  expect(await page.evaluate(() => document.cookie)).not.toContain('session-token')
})

test('S9: signing in and out is asked for by pages of this server only, in few bytes', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  await signInHere(page, server)
  const post = (data: string, origin?: string) =>
    page.request.post(`${server.url}/api/auth/signout`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(origin !== undefined && { origin }) },
      data,
    })
  const { csrfToken } = z
    .object({ csrfToken: z.string() })
    .parse(await (await page.request.get(`${server.url}/api/auth/csrf`)).json())
  const form = `csrfToken=${csrfToken}&json=true`
  const { port } = new URL(server.url)
  expect((await post(form, `http://3000-raaaaaaaaaaaaaaa.localhost:${port}`)).status()).toBe(403)
  expect((await post(form)).status()).toBe(403)
  expect((await post(`${form}&x=${'x'.repeat(300 * 1024)}`, server.url)).status()).toBe(413)
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(200)
  expect((await post(form, server.url)).status()).toBe(200)
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
})

test('S6: a page on a preview’s host can neither set a cookie for the app nor read one', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  await signInHere(page, server)
  const { port } = new URL(server.url)
  const preview = `http://3000-raaaaaaaaaaaaaaa.localhost:${port}`
  const asked = page.waitForRequest(`${preview}/`)
  await page.goto(preview)
  expect((await (await asked).allHeaders())['cookie'] ?? '').not.toContain('session-token')
  const seen = await page.evaluate(() => {
    for (const domain of ['', '; Domain=localhost', '; Domain=.localhost'])
      for (const name of ['next-auth.session-token', 'devex.guest', 'devex.local', 'other'])
        document.cookie = `${name}=tossed; Path=/${domain}`
    return document.cookie
  })
  // What is for this host alone was set: the page may use cookies at all.
  expect(seen).toContain('other=tossed')
  expect(seen).not.toMatch(/session-token=(?!tossed)/)
  expect(JSON.stringify(await page.context().cookies(server.url))).not.toContain('tossed')
  await page.goto(`${server.url}/repls`)
  await expect(page).toHaveURL(`${server.url}/repls`)
})

test('GitHub: somebody who is not on the list is refused and told whom to ask', async ({ page }) => {
  await using github = await startGithub({ ...ADA, id: 666, login: 'mallory' })
  await using server = await startServer({ env: githubEnv(github) })
  await signInWithGithub(page, server.url)
  await expect(page).toHaveURL(/error=NotAllowed/)
  await expect(page.getByRole('alert').filter({ hasText: /ask/i })).toBeVisible()
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
})

test('GitHub: a member of an allowed organisation gets in', async ({ page }) => {
  await using github = await startGithub({ ...ADA, id: 7, login: 'linus', orgs: ['Analytical'] })
  await using server = await startServer({ env: githubEnv(github, { ALLOWED_GITHUB_ORGS: 'analytical' }) })
  await signInWithGithub(page, server.url)
  await expect(page).toHaveURL(`${server.url}/repls`)
})

test('GitHub: a forged state is refused', async ({ page }) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({ env: githubEnv(github) })
  // The attacker's own code, in a victim's browser that never asked for it.
  const authorized = await page.request.get(
    `${github.url}/login/oauth/authorize?redirect_uri=${server.url}/x&state=forged`,
    { maxRedirects: 0 },
  )
  const code = new URL(authorized.headers()['location'] ?? '').searchParams.get('code')
  await page.goto(`${server.url}/api/auth/callback/github?code=${code}&state=forged`)
  await expect(page).toHaveURL(/\/signin\?.*error=OAuthCallback/)
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
})

test('GitHub: a code works once', async ({ page, browser }) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({ env: githubEnv(github) })
  await signInWithGithub(page, server.url)
  await expect(page).toHaveURL(`${server.url}/repls`)
  const thief = await browser.newContext()
  const other = await thief.newPage()
  // A real state of the thief's own, with the code of somebody else.
  github.stolenCode = github.codes[0] ?? ''
  await signInWithGithub(other, server.url)
  await expect(other).toHaveURL(/\/signin\?.*error=OAuthCallback/)
  expect(github.refusedCodes).toBe(1)
  expect((await other.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
  await thief.close()
})

test('S2: a second account with the same login name is somebody else', async ({ page, browser }) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({ env: githubEnv(github) })
  await signInWithGithub(page, server.url)
  await expect(page).toHaveURL(`${server.url}/repls`)
  const first = await accountOf(page, server.url)
  github.account = { ...ADA, id: 1816, name: 'Another Ada' }
  const context = await browser.newContext()
  const other = await context.newPage()
  await signInWithGithub(other, server.url)
  await expect(other).toHaveURL(`${server.url}/repls`)
  const second = await accountOf(other, server.url)
  expect(second.id).not.toBe(first.id)
  expect((await accountOf(page, server.url)).name).toBe('Ada Lovelace')
  await context.close()
})

test('this machine: only a browser that came through the printed URL is offered it, and the URL works once', async ({
  page,
  browser,
}) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  await page.goto(`${server.url}/signin`)
  await expect(page.getByRole('button', { name: 'Continue on this machine' })).toHaveCount(0)
  await page.goto(server.link)
  await page.getByRole('button', { name: 'Continue on this machine' }).click()
  await expect(page).toHaveURL(`${server.url}/repls`)
  const context = await browser.newContext()
  const other = await context.newPage()
  await other.goto(server.link)
  await expect(other).toHaveURL(/error=UsedLink/)
  await expect(other.getByRole('button', { name: 'Continue on this machine' })).toHaveCount(0)
  // The provider itself refuses too, whatever the page shows.
  const { csrfToken } = await (await other.request.get(`${server.url}/api/auth/csrf`)).json()
  await other.request.post(`${server.url}/api/auth/callback/local`, {
    headers: { origin: server.url },
    form: { csrfToken, json: 'true' },
  })
  expect((await other.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
  await context.close()
})

test('S1, S12: there is no magic link to forge or to flood with', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const providers = await (await page.request.get(`${server.url}/api/auth/providers`)).json()
  expect(Object.keys(providers)).toEqual(['local'])
  for (const path of ['/api/auth/magic-link', '/api/auth/callback/email', '/api/auth/signin/email']) {
    const { csrfToken } = await (await page.request.get(`${server.url}/api/auth/csrf`)).json()
    const response = await page.request.post(`${server.url}${path}`, {
      headers: { origin: server.url },
      form: { csrfToken, email: 'torvalds@any.tld' },
      maxRedirects: 0,
    })
    expect([302, 400, 404, 405]).toContain(response.status())
  }
  expect((await page.request.get(`${server.url}/api/trpc/account.get`)).status()).toBe(401)
})

test('a signed-out visitor gets the sign-in page, or 401, everywhere', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  for (const path of ['/repls', '/settings', '/r/raaaaaaaaaaaaaaa']) {
    await page.goto(`${server.url}${path}`)
    await expect(page).toHaveURL(`${server.url}/signin?callbackUrl=${encodeURIComponent(path)}`)
  }
  for (const path of ['/api/trpc/repls.list', '/api/trpc/templates.list', '/r/raaaaaaaaaaaaaaa/files/a.txt']) {
    expect((await page.request.get(`${server.url}${path}`)).status(), path).toBe(401)
  }
})

test('S11: a foreign Host is not served, and nothing is allowed to other origins', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const foreign = await page.request.get(`${server.url}/`, { headers: { host: 'evil.example.com' } })
  expect(foreign.status()).toBe(421)
  const cross = await page.request.get(`${server.url}/api/health`, { headers: { origin: 'https://evil.example.com' } })
  expect(cross.headers()['access-control-allow-origin']).toBeUndefined()
})
