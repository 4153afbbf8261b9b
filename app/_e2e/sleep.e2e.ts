import { expect, test } from '@playwright/test'
import { createRepl, signIn } from './_client.ts'
import { look } from './_look.ts'
import { startServer } from './_server.ts'
import { openRepl } from './_workbench.ts'

test('a REPL that is about to sleep says so in its page, and stays awake where somebody wants that', async ({
  page,
}) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0', IDLE_STOP_MINUTES: '2' } })
  const client = await signIn(server.link)
  await openRepl(page, client, await createRepl(client, 'empty'))
  const notice = page.getByTestId('sleep-notice')
  await expect(notice).toContainText(/Sleeps in \d min, since nothing happens here/)
  await look(page, 'ide-sleepy')
  await page.setViewportSize({ width: 1440, height: 900 })
  await notice.getByRole('button', { name: 'Keep awake' }).click()
  await expect(notice).toBeHidden()
  const status = page.getByRole('contentinfo', { name: 'Status' })
  await expect(status.getByText(/Awake until \d/)).toBeVisible()
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.type('let it sleep')
  await page.keyboard.press('Enter')
  await expect(status.getByText(/Awake until/)).toBeHidden()

  await status.getByTestId('sleep-state').click()
  const menu = page.getByRole('menu', { name: 'Sleep' })
  await expect(menu).toContainText(/It sleeps at .+, should nothing more happen\./)
  await look(page, 'ide-sleep-menu')
  await menu.getByRole('menuitem', { name: 'Keep awake for 1 hour' }).click()
  await expect(status.getByText(/Awake until \d/)).toBeVisible()
})
