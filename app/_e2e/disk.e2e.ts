import { expect, test } from '@playwright/test'
import { createRepl, signIn } from './_client.ts'
import { look } from './_look.ts'
import { runInTerminal } from './_pages.ts'
import { startServer } from './_server.ts'
import { openRepl } from './_workbench.ts'

test('a disk that gets full says so, what takes it up, and that there is room again', async ({ page }) => {
  const limit = 40 * 1024 * 1024
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0', SANDBOX_DISK_BYTES: String(limit) } })
  const client = await signIn(server.link)
  await openRepl(page, client, await createRepl(client, 'empty'))
  const item = page.getByTestId('disk-use')
  await expect(item).toHaveAttribute('data-disk', 'ok')
  await runInTerminal(page, 'mkdir big && head -c 36M /dev/zero > big/file')
  await expect(item).toHaveAttribute('data-disk', 'warning', { timeout: 60_000 })
  await expect(page.getByText('The disk of this REPL is nearly full.', { exact: true }).first()).toBeVisible()
  await item.click()
  const panel = page.getByRole('dialog', { name: 'Disk' })
  await expect(panel.getByRole('list', { name: 'Largest folders' })).toContainText(/big\s*37\.\d MB/)
  await look(page, 'ide-disk')
  await panel.getByRole('button', { name: 'Show the trash' }).click()
  await expect(page.getByRole('dialog', { name: 'Trash' })).toContainText('The trash is empty')
  await page.keyboard.press('Escape')
  await runInTerminal(page, 'rm -r big')
  await expect(item).toHaveAttribute('data-disk', 'ok', { timeout: 60_000 })
})
