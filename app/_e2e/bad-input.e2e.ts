import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { expect, test } from '@playwright/test'
import { WebSocket } from 'ws'
import { connect, createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'
import { actAs, openRepl } from './_workbench.ts'
import type { Client } from './_client.ts'
import type { Server } from './_server.ts'

const UNKNOWN_ID = 'raaaaaaaaaaaaaaa'
const MARKUP = '<img src=x onerror="document.title=1">'

let server: Server
let client: Client
let replId: string

test.beforeAll(async () => {
  server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  client = await signIn(server.link)
  replId = await createRepl(client, 'node')
})
test.afterAll(() => server[Symbol.asyncDispose]())

/** An answer to exactly this path: neither `fetch` nor a browser would send `..` as it stands. */
async function getRaw(path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(server.url)
  const request = httpRequest({ hostname, port, path, headers: { cookie: client.cookie } }).end()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode, body }
}

test('a name of 300 characters or with a control character is refused beside its field, whole', async ({ page }) => {
  await actAs(page, client)
  await page.goto(`${server.url}/repls`)
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  const dialog = page.getByRole('dialog')
  const name = dialog.getByRole('textbox', { name: 'Name' })
  for (const [typed, why] of [
    ['x'.repeat(300), /at most 60 characters/],
    ['bell\u0007', /no control characters/],
  ] as const) {
    await name.fill(typed)
    await expect(name).toHaveValue(typed)
    await dialog.getByRole('button', { name: 'Create REPL' }).click()
    await expect(dialog.getByRole('alert')).toHaveText(why)
    await expect(name).toHaveAttribute('aria-invalid', 'true')
  }
  await expect(page).toHaveURL(`${server.url}/repls`)
})

test('a REPL is not renamed to such a name either, and the page says why', async ({ page }) => {
  await openRepl(page, client, replId)
  await page.getByRole('button', { name: 'REPL menu' }).click()
  await page.getByRole('menuitem', { name: 'Rename REPL' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('x'.repeat(300))
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await expect(dialog.getByRole('alert')).toHaveText(/at most 60 characters/)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.goto(`${server.url}/repls`)
  await page.getByRole('button', { name: 'More for Node.js' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  const name = page.getByRole('textbox', { name: 'New name for Node.js' })
  await name.fill('x'.repeat(300))
  await name.press('Enter')
  await expect(page.getByRole('alert').filter({ hasText: 'at most 60 characters' })).toBeVisible()
  await name.press('Escape')
  await expect(page.getByRole('link', { name: 'Node.js' })).toBeVisible()
})

test('S13: markup in a name is text on the list and on the REPL’s page', async ({ page }) => {
  await client.mutate('repls.rename', { replId, name: MARKUP })
  await openRepl(page, client, replId)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(MARKUP)
  await expect(page).toHaveTitle(`${MARKUP} · Devex`)
  await page.goto(`${server.url}/repls`)
  await expect(page.getByRole('link', { name: MARKUP })).toBeVisible()
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  await client.mutate('repls.rename', { replId, name: 'Node.js' })
})

test('an unknown or impossible REPL id is "not found" on every way in, never a fault', async ({ page }) => {
  await actAs(page, client)
  for (const id of [UNKNOWN_ID, 'nope', '..%2f..', '%00']) {
    const response = await page.goto(`${server.url}/r/${id}`)
    expect([400, 404], id).toContain(response?.status())
  }
  await page.goto(`${server.url}/r/${UNKNOWN_ID}`)
  await expect(page.getByRole('heading', { name: 'Nothing is here' })).toBeVisible()
  for (const path of ['repls.get', 'shares.list']) {
    const input = encodeURIComponent(JSON.stringify({ replId: UNKNOWN_ID }))
    expect((await page.request.get(`${server.url}/api/trpc/${path}?input=${input}`)).status(), path).toBe(404)
  }
  expect((await getRaw(`/r/${UNKNOWN_ID}/files/index.js`)).status).toBe(404)
})

test('D7: an unknown template is refused, naming the known ones', async ({ page }) => {
  await actAs(page, client)
  for (const template of ['cobol', 'no', '../node', '__proto__']) {
    const response = await page.request.post(`${server.url}/api/trpc/repls.create`, {
      headers: { origin: server.url, 'content-type': 'application/json' },
      data: { source: { kind: 'template', template } },
    })
    expect(response.status(), template).toBe(400)
    expect(await response.text(), template).toMatch(/node.*python|python.*node/)
  }
})

test('S8: no path of the files route leads out of the workspace', async () => {
  const connection = await connect(client, replId)
  const terminal = await connection.openTerminal()
  await terminal.type('ln -s /etc out; ln -s /etc/passwd passwd; echo end=$((1+1))\r', 'end=2')
  connection.close()
  for (const path of [
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e/etc/passwd',
    '%252e%252e%252f%252e%252e%252fetc%252fpasswd',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'a/../../../etc/passwd',
    'index.js%00.png',
    '..%5c..%5cetc%5cpasswd',
    'out/passwd',
    'passwd',
  ]) {
    const { status, body } = await getRaw(`/r/${replId}/files/${path}`)
    expect([400, 403, 404], path).toContain(status)
    expect(body, path).not.toContain('root:')
  }
  expect((await getRaw(`/r/${replId}/files/index.js`)).status).toBe(200)
})

for (const [what, message] of [
  ['text that is not JSON', '{'],
  ['a request without an id', '{"type":"ping"}'],
  ['an unknown binary frame', Buffer.from([250, 1, 2, 3])],
  ['an empty binary frame', Buffer.alloc(0)],
] as const) {
  test(`${what} closes that socket with a code and a reason; another client goes on`, async () => {
    const other = await connect(client, replId)
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/r/${replId}/socket`, {
      headers: { cookie: client.cookie, origin: server.url },
    })
    await once(socket, 'message')
    socket.send(message)
    const [code, reason] = await once(socket, 'close')
    expect(code).toBe(4400)
    expect(String(reason)).not.toBe('')
    expect(await other.request('ping', {})).toEqual({})
    other.close()
  })
}

test('a message larger than any request is refused; another client goes on', async () => {
  const other = await connect(client, replId)
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/r/${replId}/socket`, {
    headers: { cookie: client.cookie, origin: server.url },
  })
  await once(socket, 'message')
  socket.send('x'.repeat(8 * 1024 * 1024))
  const [code] = await once(socket, 'close')
  expect(code, 'too big, as RFC 6455 says it').toBe(1009)
  expect(await other.request('ping', {})).toEqual({})
  other.close()
})
