import { expect, test } from '@playwright/test'
import { look } from './_look.ts'
import { createInDialog, prompt, readableTerminals, signInHere } from './_pages.ts'
import { startServer } from './_server.ts'
import type { Browser, Page } from '@playwright/test'
import type { Server } from './_server.ts'

/** Everything that a page asks of another host, or says to the console. */
function listen(page: Page, url: string): string[] {
  const heard: string[] = []
  const isOurs = (asked: URL) =>
    asked.origin === url || asked.hostname.endsWith('.localhost') || ['data:', 'blob:'].includes(asked.protocol)
  page.on('request', (request) => {
    if (!isOurs(new URL(request.url()))) heard.push(`asked ${request.url()}`)
  })
  // What the user's own page says in its frame is the user's.
  const isOfPreview = (address: string) => URL.canParse(address) && new URL(address).hostname.endsWith('.localhost')
  page.on('console', (message) => {
    if (!isOfPreview(message.location().url)) heard.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`))
  return heard
}

async function visitor(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1440, height: 900 } })
  return await context.newPage()
}

test('every page for a signed-out visitor passes axe, in both themes and sizes, and asks no other host', async ({
  browser,
}) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const page = await visitor(browser)
  const heard = listen(page, server.url)
  await page.goto(server.url)
  await look(page, 'landing')
  await page.goto(`${server.url}/docs`)
  await look(page, 'docs')
  await page.goto(`${server.url}/signin`)
  await look(page, 'signin-unknown-browser')
  await page.goto(`${server.url}/signin?error=NotAllowed`)
  await look(page, 'signin-refused')
  await page.goto(server.link)
  await look(page, 'signin')
  expect(heard).toEqual([])
  await page.goto(`${server.url}/s/unknown-token`)
  await look(page, 'share-gone')
  await page.goto(`${server.url}/nowhere`)
  await look(page, 'not-found')
})

async function lookAtDashboard(page: Page, server: Server): Promise<void> {
  await signInHere(page, server)
  await look(page, 'repls-empty')
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  await look(page, 'create')
  await page.getByRole('tab', { name: 'From Git' }).click()
  await look(page, 'create-from-git')
  await page.keyboard.press('Escape')
  await page.goto(`${server.url}/settings`)
  await look(page, 'settings')
  await page.goto(`${server.url}/repls`)
}

test('every page for a signed-in person passes axe, in both themes and sizes, and asks no other host', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  await using server = await startServer()
  const page = await visitor(browser)
  const heard = listen(page, server.url)
  await readableTerminals(page)
  await lookAtDashboard(page, server)
  await createInDialog(page, 'Node.js')
  await expect(page.locator('.monaco-editor .view-line').first()).toBeVisible()
  await look(page, 'ide')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(page.frameLocator('iframe[title^="Preview"]').getByRole('heading').first()).toBeVisible()
  await look(page, 'ide-preview')
  await page.keyboard.press('F1')
  await look(page, 'ide-palette')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('button', { name: 'Create link' }).click()
  await expect(page.getByRole('textbox', { name: 'Share link' })).toBeVisible()
  await look(page, 'ide-share')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'REPL menu' }).click()
  await look(page, 'ide-menu')
  await page.getByRole('menuitem', { name: 'Stop REPL' }).click()
  await expect(page.getByTestId('repl-gate')).toContainText('sleeping')
  await look(page, 'ide-sleeping')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await prompt(page)
  await page.goto(`${server.url}/repls`)
  await expect(page.getByText('Node.js').first()).toBeVisible()
  await look(page, 'repls')
  expect(heard.filter((line) => !line.includes('ERR_'))).toEqual([])
})
