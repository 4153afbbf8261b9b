import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { askToken, authorizeUrl, listTools, newVerifier, register } from '#server/auth/oauth/_door.ts'
import { createRepl, signIn } from './_client.ts'
import { look } from './_look.ts'
import { actAs } from './_workbench.ts'
import { startServer } from './_server.ts'
import type { Client } from './_client.ts'
import type { Server } from './_server.ts'

const SCOPE = 'repl:read repl:write repl:exec offline_access'

let server: Server
let client: Client
let replId: string

test.beforeAll(async () => {
  server = await startServer()
  client = await signIn(server.link)
  replId = await createRepl(client, 'empty')
})
test.afterAll(() => server[Symbol.asyncDispose]())

/** A program on this machine that waits for its answer. */
async function openProgram(): Promise<AsyncDisposable & { redirectUri: string; answer: Promise<URL> }> {
  const { promise: answer, resolve } = Promise.withResolvers<URL>()
  const listener = createServer((request, response) => {
    resolve(new URL(request.url ?? '/', 'http://localhost'))
    response.end('You may close this page.')
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    redirectUri: `http://localhost:${address.port}/callback`,
    answer,
    [Symbol.asyncDispose]: async () => {
      listener.close()
      listener.closeAllConnections()
    },
  }
}

/** What a program opens in the browser, and what it needs for its token afterwards. */
async function begin(redirectUri: string) {
  const metadata = { client_name: 'Probe', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }
  const registered = await (await register(server.url, metadata)).json()
  const { client_id: clientId } = z.object({ client_id: z.string() }).parse(registered)
  const { verifier, challenge } = newVerifier()
  const resource = `${server.url}/r/${replId}/mcp`
  const url = authorizeUrl(server.url, { clientId, redirectUri, resource, scope: SCOPE }, challenge)
  return { clientId, verifier, resource, url }
}

test('a person sees who asks for what, gives less, and the program gets just that', async ({ page }) => {
  await using program = await openProgram()
  const { redirectUri } = program
  const { clientId, verifier, resource, url } = await begin(redirectUri)
  await actAs(page, client)
  await page.goto(url)
  await expect(page.getByText('Probe (its own word)')).toBeVisible()
  await expect(page.getByText(new URL(redirectUri).host)).toBeVisible()
  await look(page, 'consent')

  await page.getByRole('switch', { name: /^Run/ }).click()
  await page.getByRole('switch', { name: /^Edit/ }).click()
  await page.getByRole('button', { name: 'Let it in' }).click()
  await expect(page.getByText('You may close this page.')).toBeVisible()
  const back = await program.answer
  expect(back.searchParams.get('state')).toBe('the-state')
  expect(back.searchParams.get('iss')).toBe(server.url)

  const code = back.searchParams.get('code') ?? ''
  const asked = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: clientId }
  const { body } = await askToken(server.url, { ...asked, redirect_uri: redirectUri, resource })
  expect(String(body['scope']).split(' ')).toContain('repl:read')
  expect(body['scope']).not.toContain('repl:write')
  const listed = await (await listTools(String(body['access_token']), resource)).text()
  expect(listed).toContain('read_file')
  expect(listed).not.toContain('write_file')

  await page.goto(`${server.url}/settings`)
  await expect(page.getByText('Probe', { exact: true })).toBeVisible()
  await look(page, 'settings-with-agent')
  await page.getByRole('button', { name: 'Cut off Probe' }).click()
  await expect(page.getByRole('button', { name: 'Cut off Probe' })).toBeHidden()
  expect((await listTools(String(body['access_token']), resource)).status).toBe(401)
})

test('a person who refuses sends the program away with a word that it understands', async ({ page }) => {
  await using program = await openProgram()
  const { url } = await begin(program.redirectUri)
  await actAs(page, client)
  await page.goto(url)
  await page.getByRole('button', { name: 'Refuse' }).click()
  await expect(page.getByText('You may close this page.')).toBeVisible()
  expect((await program.answer).searchParams.get('error')).toBe('access_denied')
})
