import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { openRoom } from './_room.ts'
import { editFile, openRepl, treeItem } from './_workbench.ts'
import type { Page } from '@playwright/test'

const activeTab = (page: Page, name: string) =>
  expect(page.getByRole('tab', { name, exact: true })).toHaveAttribute('aria-selected', 'true')

test('two people in a REPL see each other, who is in which file, go there, follow, and see them leave', async ({
  page: owner,
  browser,
}) => {
  await using room = await openRoom('node')
  const { server, client, replId } = room
  await openRepl(owner, client, replId)
  await expect(owner.getByRole('button', { name: /^Also here/ })).toBeHidden()

  const made = await client.mutate('shares.create', { replId, role: 'viewer', allowSignedOut: true })
  const { token } = z.object({ token: z.string() }).parse(made)
  const context = await browser.newContext()
  const guest = await context.newPage()
  await guest.goto(`${server.url}/s/${token}`)
  await expect(guest.getByRole('banner').getByText('Read-only')).toBeVisible()

  const company = owner.getByRole('button', { name: 'Also here: Guest' })
  await expect(company).toBeVisible()
  await expect(guest.getByRole('button', { name: 'Also here: Owner' })).toBeVisible()
  await expect(owner.getByRole('status').getByText('Guest joined.')).toBeAttached()

  await editFile(guest, 'package.json')
  await expect(treeItem(owner, 'package.json')).toContainText('open: Guest')
  await company.click()
  const list = owner.getByRole('dialog', { name: 'Who is here' })
  await expect(list.getByRole('listitem')).toHaveCount(2)
  await expect(list.getByRole('listitem').first()).toContainText('You')
  await expect(list.getByRole('listitem').last()).toContainText('Read-only')
  await owner.keyboard.press('Escape')
  await expect(company).toBeFocused()
  await owner.keyboard.press('Enter')
  await list.getByRole('button', { name: 'Go to package.json, where Guest is' }).click()
  await expect(list).toBeHidden()
  await activeTab(owner, 'package.json')
  await expect(owner.getByTestId('company')).toContainText('Guest has this file open too')
  await expect(guest.getByTestId('company')).toContainText('Owner has this file open too')

  const dashboard = await owner.context().newPage()
  await dashboard.goto(`${server.url}/repls`)
  const row = dashboard.locator(`[data-repl="${replId}"]`)
  await expect(row).toContainText('In it now: Guest')

  await company.click()
  await list.getByRole('button', { name: 'Follow Guest' }).click()
  await expect(owner.getByTestId('company')).toContainText('Following Guest')
  await editFile(guest, 'index.js')
  await activeTab(owner, 'index.js')
  await owner.keyboard.press('Escape')
  await expect(owner.getByTestId('company')).toContainText('Guest has this file open too')

  await context.close()
  await expect(company).toBeHidden()
  await expect(owner.getByTestId('company')).toBeHidden()
  await expect(treeItem(owner, 'index.js')).not.toContainText('open: Guest')
  await expect(owner.getByRole('status').getByText('Guest left.')).toBeAttached()
  await expect(row).not.toContainText('In it now')
})
