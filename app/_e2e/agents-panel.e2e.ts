import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'
import { actAs, openRepl } from './_workbench.ts'
import type { Client } from './_client.ts'
import type { Server } from './_server.ts'

let server: Server
let client: Client
let replId: string

test.beforeAll(async () => {
  server = await startServer()
  client = await signIn(server.link)
  replId = await createRepl(client, 'empty')
})
test.afterAll(() => server[Symbol.asyncDispose]())

const panel = (page: Page) => page.getByRole('complementary', { name: 'Side panel' })

async function openAgents(page: Page): Promise<void> {
  await page.keyboard.press('F1')
  await page.keyboard.type('Show agents')
  await page.keyboard.press('Enter')
  if ((page.viewportSize()?.width ?? 0) < 768)
    await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: 'Files' }).click()
}

async function expectNoViolation(page: Page, within: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include(within).analyze()
  expect(violations).toEqual([])
}

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`nobody is there yet, and how to let an agent in, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 860 })
      await openRepl(page, client, replId)
      await openAgents(page)
      await expect(panel(page).getByText('No agent is connected')).toBeVisible()
      await expectNoViolation(page, '[aria-label="Side panel"]')
      await page.screenshot({ path: test.info().outputPath('nobody.png') })
      await panel(page).getByRole('button', { name: 'Connect an agent' }).last().click()
      const dialog = page.getByRole('dialog', { name: 'Connect an agent' })
      for (const program of ['Claude Code', 'Codex', 'Cursor', 'VS Code', 'Gemini CLI', 'opencode']) {
        await dialog.getByRole('tab', { name: program }).click()
        await expect(dialog.getByRole('tabpanel')).toContainText(`${server.url}/r/${replId}/mcp`)
      }
      await expectNoViolation(page, '[role="dialog"]')
      await page.screenshot({ path: test.info().outputPath('connect.png') })
    })
  }
}

test('a token is made in the page, shown once, and whoever has it is cut off again', async ({ page }) => {
  await openRepl(page, client, replId)
  await openAgents(page)
  await panel(page).getByRole('button', { name: 'Connect an agent' }).last().click()
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' })
  await dialog.getByText('Use a token instead of signing in').click()
  await dialog.getByLabel('Name').fill('nightly build')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await expect(dialog.getByRole('textbox', { name: 'Token' })).toHaveValue(/\S{20}/)
  await expect(dialog.getByRole('tabpanel')).toContainText('DEVEX_TOKEN')
  await page.keyboard.press('Escape')
  await expect(panel(page).getByText('nightly build (token)')).toBeVisible()
  await panel(page).getByRole('button', { name: 'Cut off nightly build' }).click()
  await page.getByRole('dialog', { name: 'Cut off nightly build?' }).getByRole('button', { name: 'Cut off' }).click()
  await expect(page.getByText(/^nightly build is cut off/).first()).toBeVisible()
  await expect(panel(page).getByText('No agent is connected')).toBeVisible()
})

test('tokens for the account are made one after the other in Settings, without leaving the keyboard', async ({
  page,
}) => {
  await actAs(page, client)
  await page.goto(`${server.url}/settings`)
  const form = page.getByRole('form', { name: 'New token' })
  for (const name of ['first machine', 'second machine']) {
    await form.getByLabel('Name').fill(name)
    await form.getByLabel('Name').press('Enter')
    await expect(page.getByRole('textbox', { name: 'Token' })).toHaveValue(/\S{20}/)
    await expect(page.getByRole('button', { name: 'Done' })).toBeFocused()
    await page.keyboard.press('Enter')
    await expect(page.getByText(name, { exact: false }).first()).toBeVisible()
  }
})
