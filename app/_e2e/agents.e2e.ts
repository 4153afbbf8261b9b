import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import type { Locator, Page } from '@playwright/test'
import { connectAgent, createToken } from './_agent.ts'
import { connect, createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'
import { onDisk, openRepl } from './_workbench.ts'
import type { Agent } from './_agent.ts'
import type { Client, Connection } from './_client.ts'
import type { Server } from './_server.ts'

let server: Server
let client: Client
let replId: string
let disk: Connection
let agent: Agent

test.beforeAll(async () => {
  server = await startServer()
  client = await signIn(server.link)
  replId = await createRepl(client, 'empty')
  disk = await connect(client, replId)
  await disk.request('files.write', { path: 'poem.txt', content: 'roses are red\n', ifMatch: null })
  agent = await connectAgent(server.url, replId, await createToken(client, replId))
  await agent.call('write_file', { path: 'notes.txt', content: 'one\n' })
  await agent.call('edit_file', { path: 'notes.txt', old_string: 'one', new_string: 'two' })
})
test.afterAll(async () => {
  await agent[Symbol.asyncDispose]()
  disk.close()
  await server[Symbol.asyncDispose]()
})

const panel = (page: Page) => page.getByRole('complementary', { name: 'Side panel' })
const openAgents = (page: Page) => page.getByRole('button', { name: 'Agents', exact: true }).click()
const call = (page: Page, name: RegExp): Locator => panel(page).getByRole('button', { name, expanded: false }).first()

test('an agent’s command is seen live among the terminals and interrupted; its edit is seen and undone', async ({
  page,
}) => {
  await openRepl(page, client, replId)
  await openAgents(page)
  await expect(panel(page).getByText('probe (token)')).toBeVisible()

  const running = agent.call('exec', { command: 'echo agent-is-$((40 + 2)); sleep 300', yield_ms: 30_000 })
  const tab = page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab').nth(1)
  await tab.click()
  await expect(tab).toHaveAttribute('title', /is running echo agent-is/)
  const terminal = page.getByTestId('terminal')
  await expect(terminal.locator('.xterm-rows')).toContainText('agent-is-42')
  await expect(call(page, /^Running echo agent-is/)).toBeVisible()
  await page.screenshot({ path: test.info().outputPath('running.png') })
  await terminal.getByRole('button', { name: 'Stop' }).click()
  expect((await running).text).toMatch(/SIGINT|exit 130/)
  await expect(terminal.getByRole('button', { name: 'Stop' })).toHaveCount(0)
  await expect(call(page, /^Ran echo agent-is/)).toBeVisible()

  const edit = { path: 'poem.txt', old_string: 'roses are red', new_string: 'violets are blue' }
  expect(await agent.call('edit_file', edit)).toMatchObject({ isError: false })
  expect(await onDisk(disk, 'poem.txt')).toBe('violets are blue\n')
  await call(page, /^Edited poem.txt/).click()
  await expect(panel(page).getByText('-roses are red', { exact: true })).toBeVisible()
  await expect(panel(page).getByText('+violets are blue', { exact: true })).toBeVisible()
  await page.screenshot({ path: test.info().outputPath('edited.png') })

  await panel(page)
    .getByRole('button', { name: /^Changes since/ })
    .click()
  await panel(page)
    .getByRole('button', { name: /^poem\.txt/ })
    .click()
  const diff = page.getByRole('dialog', { name: 'poem.txt' })
  await expect(diff.locator('.editor.original')).toContainText('roses are red')
  await expect(diff.locator('.editor.modified')).toContainText('violets are blue')
  await page.keyboard.press('Escape')

  await panel(page)
    .getByRole('button', { name: /^Undo this run/ })
    .click()
  await page.getByRole('dialog', { name: 'Undo this run?' }).getByRole('button', { name: 'Undo the run' }).click()
  await expect(page.getByText('The files are as they were before the run.', { exact: true })).toBeVisible()
  expect(await onDisk(disk, 'poem.txt')).toBe('roses are red\n')
})

test('an agent that is cut off gets nothing more', async ({ page }) => {
  await using other = await connectAgent(server.url, replId, await createToken(client, replId, { name: 'short-lived' }))
  await other.call('repl_info')
  await openRepl(page, client, replId)
  await openAgents(page)
  await panel(page).getByRole('button', { name: 'Cut off short-lived' }).click()
  await page.getByRole('dialog', { name: 'Cut off short-lived?' }).getByRole('button', { name: 'Cut off' }).click()
  await expect(page.getByText(/^short-lived is cut off/)).toBeVisible()
  await expect(panel(page).getByText('short-lived (token)')).toHaveCount(0)
  await expect(other.call('repl_info')).rejects.toThrow()
})

test('a token is made in the page, shown once, and lets an agent in', async ({ page }) => {
  await openRepl(page, client, replId)
  await openAgents(page)
  await panel(page).getByRole('button', { name: 'Connect an agent' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' })
  await expect(dialog.getByText(`/r/${replId}/mcp`).first()).toBeVisible()
  await dialog.getByText('Use a token instead of signing in').click()
  await dialog.getByLabel('Name').fill('from the page')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const token = await dialog.getByRole('textbox', { name: 'Token' }).inputValue()
  await using mine = await connectAgent(server.url, replId, token)
  expect(await mine.tools()).toContain('exec')
})

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`the agents read well, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 860 })
      await openRepl(page, client, replId)
      if (width === 390) {
        await page.keyboard.press('F1')
        await page.keyboard.type('Show agents')
        await page.keyboard.press('Enter')
        await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: 'Files' }).click()
      } else await openAgents(page)
      const path = `seen-${scheme}-${width}.txt`
      await disk.request('files.write', { path, content: 'new', ifMatch: null })
      await call(page, /^Edited notes.txt/).click()
      await panel(page)
        .getByRole('button', { name: /^Changes since/ })
        .first()
        .click()
      await expect(panel(page).getByText('Changed since then')).toBeVisible()
      const { violations } = await new AxeBuilder({ page }).include('[aria-label="Side panel"]').analyze()
      expect(violations).toEqual([])
      await page.screenshot({ path: test.info().outputPath(`agents-${scheme}-${width}.png`) })
    })
  }
}
