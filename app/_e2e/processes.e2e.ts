import { expect, test } from '@playwright/test'
import { openRoom } from './_room.ts'
import { openRepl } from './_workbench.ts'
import type { Room } from './_room.ts'

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

test('a process that does not care to end is killed by a second press', async ({ page }) => {
  const { terminal } = await room.disk.request('terminal.create', { cols: 80, rows: 24, name: 'stubborn' })
  await openRepl(page, room.client, room.replId)
  await page.getByRole('tab', { name: 'stubborn' }).click()
  await page.locator(':focus').waitFor()
  await page.keyboard.type(`bash -c 'trap "" TERM; echo s""et; while :; do read -t 1000 <> <(:); done' stubborn\n`)
  await expect(page.getByTestId('terminal')).toContainText('set')

  await page.getByRole('button', { name: 'Processes' }).click()
  const row = page.getByRole('list', { name: 'Processes' }).getByRole('listitem').filter({ hasText: 'trap "" TERM' })
  await row.getByRole('button', { name: /^End process/ }).click()
  await expect(row).toContainText('asked to end')
  await row.getByRole('button', { name: /^Kill process/ }).click()
  await expect(row).toHaveCount(0)
  await room.disk.request('terminal.close', { terminal: terminal.id })
})
