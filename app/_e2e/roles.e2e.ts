import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { CLIENT_ID, CLIENT_SECRET, startGithub } from './_github-stand-in.ts'
import { createInDialog, prompt, readableTerminals, runInTerminal } from './_pages.ts'
import { startServer } from './_server.ts'
import { editFile, editorText } from './_workbench.ts'
import type { Page } from '@playwright/test'

const ADA = { id: 1815, login: 'ada', name: 'Ada Lovelace', email: null }
const GRACE = { id: 1906, login: 'grace', name: 'Grace Hopper', email: null }

async function signIn(page: Page, url: string): Promise<void> {
  await readableTerminals(page)
  await page.goto(`${url}/repls`)
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  await expect(page).toHaveURL(`${url}/repls`)
}

/** Asks the application's API as whoever is signed in there. */
async function ask(page: Page, procedure: string, input: unknown): Promise<unknown> {
  const { origin } = new URL(page.url())
  const answer = await page.request.post(`${origin}/api/trpc/${procedure}`, { data: input, headers: { origin } })
  expect(answer.status()).toBe(200)
  return z.object({ result: z.object({ data: z.unknown().optional() }) }).parse(await answer.json()).result.data
}

test('a role that changes while the page is open: read-only, then typing again, without a reload', async ({
  page: owner,
  browser,
}) => {
  await using github = await startGithub(ADA)
  await using server = await startServer({
    env: {
      GITHUB_CLIENT_ID: CLIENT_ID,
      GITHUB_CLIENT_SECRET: CLIENT_SECRET,
      GITHUB_URL: github.url,
      GITHUB_API_URL: github.url,
      ALLOWED_GITHUB_USERS: 'ada,grace',
      ALLOW_UNISOLATED: 'true',
      SPARE_SANDBOXES: '0',
    },
  })
  await signIn(owner, server.url)
  await createInDialog(owner, 'Node')
  const replId = new URL(owner.url()).pathname.slice('/r/'.length)
  const link = async (role: 'viewer' | 'editor', allowSignedOut = false) => {
    const made = await ask(owner, 'shares.create', { replId, role, allowSignedOut })
    return z.object({ share: z.object({ id: z.string() }), token: z.string() }).parse(made)
  }
  const [viewing, editing] = [await link('viewer'), await link('editor')]

  github.account = GRACE
  const context = await browser.newContext()
  const guest = await context.newPage()
  const badge = guest.getByRole('banner').getByText('Read-only')
  const open = await link('viewer', true)
  await guest.goto(`${server.url}/s/${open.token}`)
  await expect(badge).toBeVisible()
  await signIn(guest, server.url)
  await guest.goto(`${server.url}/r/${replId}`)
  await expect(badge).toBeVisible()
  for (const { token } of [viewing, editing]) await guest.goto(`${server.url}/s/${token}`)
  await expect(guest).toHaveURL(`${server.url}/r/${replId}`)
  const loadedAt = await guest.evaluate(() => performance.timeOrigin)
  const connection = guest.getByTestId('connection-state')
  const rows = await runInTerminal(guest, 'echo edits-$((40 + 1))')
  await expect(rows).toContainText('edits-41')
  await editFile(guest, 'index.js')
  await expect(editorText(guest)).toContainText('createServer')

  await ask(owner, 'shares.revoke', { replId, shareId: editing.share.id })
  await expect(badge).toBeVisible()
  await expect(guest.getByText('You can look at this REPL now, not change it.').first()).toBeVisible()
  await expect(connection).toHaveAttribute('data-state', 'open')
  await guest.getByTestId('terminal').locator('textarea').focus()
  await guest.keyboard.type('echo looks-$((40 + 2))\n')
  await guest.getByRole('region', { name: 'Editor' }).locator('.view-line').first().click()
  await guest.keyboard.type('written by a viewer')
  await runInTerminal(owner, 'echo owner-$((40 + 3))')
  await expect(rows).toContainText('owner-43')
  await expect(rows).not.toContainText('looks-')
  await expect(editorText(guest)).not.toContainText('written by a viewer')
  await expect(connection).toHaveAttribute('data-state', 'open')
  await expect(guest.getByText('Your access to this REPL was removed')).toBeHidden()

  const again = await link('editor')
  const other = await context.newPage()
  const openAgain = async () => {
    await other.goto(`${server.url}/s/${again.token}`)
    await prompt(other)
    await other.close()
  }
  // It is said for some seconds only, in which the other page may still be loading.
  const told = guest.getByText('You can edit this REPL now.').first()
  await Promise.all([openAgain(), expect(told).toBeVisible({ timeout: 30_000 })])
  await expect(badge).toBeHidden()
  await expect(connection).toHaveAttribute('data-state', 'open')
  await runInTerminal(guest, 'echo types-$((40 + 4))')
  await expect(rows).toContainText('types-44')
  await expect(rows).not.toContainText('looks-')
  await editFile(guest, 'index.js')
  await guest.keyboard.press('Control+Home')
  await guest.keyboard.insertText('// written again\n')
  await expect(guest.getByTestId('save-state')).toHaveAttribute('data-state', /^(saved|backed-up)/)
  await runInTerminal(owner, 'head -1 index.js')
  await expect(rows).toContainText('// written again')
  expect(await guest.evaluate(() => performance.timeOrigin)).toBe(loadedAt)
  await context.close()
})
