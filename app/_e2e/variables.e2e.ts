import { expect, test } from '@playwright/test'
import { createRepl, signIn } from './_client.ts'
import { look } from './_look.ts'
import { prompt, runInTerminal } from './_pages.ts'
import { startServer } from './_server.ts'
import { openRepl } from './_workbench.ts'

const SECRET = 'hunter2-and-more'

test('a variable set in the page is in new terminals, also after a stop and a start; its value comes to no page', async ({
  page,
}) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(server.link)
  const replId = await createRepl(client, 'empty')
  const leaks: string[] = []
  page.on('response', (response) => {
    response
      .text()
      .then((text) => {
        if (text.includes(SECRET)) leaks.push(response.url())
      })
      // What was not read to its end has nothing to tell.
      .catch(() => undefined)
  })
  await openRepl(page, client, replId)
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.type('environment variables')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Environment variables' })
  const lines = dialog.getByLabel('Add or replace')
  await lines.fill('no equals sign')
  await dialog.getByRole('button', { name: 'Keep' }).click()
  await expect(dialog.getByRole('alert')).toContainText('Line 1: There is no “=” in it.')
  await lines.fill(`# from a .env file\nAPI_KEY="${SECRET}"\nexport MODE=test`)
  await dialog.getByRole('button', { name: 'Keep 2 variables' }).click()
  const rows = dialog.getByRole('list', { name: 'Environment variables' }).getByRole('listitem')
  await expect(rows).toContainText(['API_KEY', 'MODE'])
  await expect(lines).toHaveValue('')
  await expect(dialog).toContainText('What is started from now on has it')
  await look(page, 'ide-variables')
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(await runInTerminal(page, 'echo "<${#API_KEY} $MODE>"')).toContainText(`<${SECRET.length} test>`)

  await client.mutate('repls.stop', { replId })
  await expect
    .poll(() => client.query('repls.get', { replId }), { timeout: 60_000 })
    .toMatchObject({
      state: { kind: 'stopped' },
    })
  await page.goto(`${client.url}/r/${replId}`)
  await prompt(page)
  await expect(await runInTerminal(page, 'echo "<${#API_KEY} $MODE>"')).toContainText(`<${SECRET.length} test>`)
  expect(leaks).toEqual([])
})

test('variables of the account are set in the settings, and deleted when asked twice', async ({ page }) => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(server.link)
  await openRepl(page, client, await createRepl(client, 'empty'))
  const ide = page.url()
  await page.goto(new URL('/settings', ide).href)
  const section = page.getByRole('region', { name: 'Environment variables' })
  await section.getByLabel('Add or replace').fill('REGION=north')
  await section.getByRole('button', { name: 'Keep' }).click()
  await expect(section.getByRole('listitem')).toContainText(['REGION'])
  await page.goto(ide)
  await prompt(page)
  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(await runInTerminal(page, 'echo "<$REGION>"')).toContainText('<north>')
  await page.goto(new URL('/settings', ide).href)
  const remove = section.getByRole('button', { name: 'Delete REGION' })
  await remove.click()
  await expect(section.getByRole('listitem')).toHaveCount(1)
  await remove.click()
  await expect(section.getByText('None yet.')).toBeVisible()
})
