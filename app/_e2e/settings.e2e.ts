import { expect, test } from '@playwright/test'
import { createRepl, signIn } from './_client.ts'
import { look } from './_look.ts'
import { startServer } from './_server.ts'
import { openRepl } from './_workbench.ts'

test('keys are given to commands in the settings, and hold in the workbench', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(server.link)
  const repl = await createRepl(client, 'empty')
  await openRepl(page, client, repl)
  const ide = page.url()
  await page.goto(new URL('/settings', ide).href)
  await page.getByRole('button', { name: 'Change the keys of Show all commands' }).click()
  const asked = page.getByRole('button', { name: 'Press the keys for Show all commands' })
  await page.keyboard.press('a')
  await expect(asked).toContainText('This is typed into files and terminals.')
  await page.keyboard.press('Control+P')
  await expect(asked).toContainText('These belong to “Go to file”. Press them again to take them.')
  await page.keyboard.press('Control+P')
  await expect(asked).toBeHidden()
  await expect(page.getByRole('listitem').filter({ hasText: 'Show all commands' })).toContainText('Ctrl + P')
  await look(page, 'settings-keys')
  await page.setViewportSize({ width: 1440, height: 900 })

  await page.goto(ide)
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open')
  await page.keyboard.press('Control+P')
  const palette = page.getByRole('dialog', { name: 'All commands' })
  await expect(palette).toBeVisible()
  await palette.getByRole('combobox').fill('go to file')
  await expect(palette.getByRole('option', { name: /Go to file/ })).not.toContainText('Ctrl')
})

test('high contrast is a setting, and holds from the first paint on', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(server.link)
  await openRepl(page, client, await createRepl(client, 'empty'))
  const ide = page.url()
  await page.goto(new URL('/settings', ide).href)
  const html = page.locator('html')
  await expect(html).toHaveAttribute('data-contrast', 'normal')
  await page.getByRole('switch', { name: 'High contrast' }).click()
  await expect(html).toHaveAttribute('data-contrast', 'more')
  await look(page, 'settings-contrast')
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(ide)
  await expect(html).toHaveAttribute('data-contrast', 'more')
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open')
  await look(page, 'ide-contrast')
})
