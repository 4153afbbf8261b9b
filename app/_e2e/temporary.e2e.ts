import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { look } from './_look.ts'
import { openRoom } from './_room.ts'
import { actAs, openRepl } from './_workbench.ts'
import type { Room } from './_room.ts'

const WIDE = { width: 1440, height: 900 }

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

/** A REPL that goes when it stops, and in an hour. */
async function createTemporary(name: string): Promise<string> {
  const input = { name, source: { kind: 'template', template: 'empty' }, ephemeral: true, ttlMinutes: 60 }
  return z.object({ id: z.string() }).parse(await room.client.mutate('repls.create', input)).id
}

test('a temporary REPL says when it goes, is deleted when it stops, and stays once it is kept', async ({ page }) => {
  await createTemporary('brief')
  await actAs(page, room.client)
  await page.goto(`${room.server.url}/repls`)
  const row = page.getByRole('listitem').filter({ hasText: 'brief' })
  await expect(row.getByTitle('Deleted when it stops, or in 60 min, unless it is kept')).toHaveText('Temporary')
  await look(page, 'dashboard-temporary')
  await page.setViewportSize(WIDE)
  await row.getByRole('button', { name: 'Stop brief' }).click()
  await page.getByText('Recently deleted').click()
  await expect(page.getByRole('button', { name: 'Restore brief' })).toBeVisible()
  await expect(row.getByText('Temporary')).toBeHidden()

  const id = await createTemporary('lasting')
  await openRepl(page, room.client, id)
  const badge = page.getByRole('banner').getByText('Temporary')
  await expect(badge).toBeVisible()
  await look(page, 'ide-temporary')
  await page.setViewportSize(WIDE)
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.type('keep this')
  await page.keyboard.press('Enter')
  await expect(badge).toBeHidden()
  await room.client.mutate('repls.stop', { replId: id })
  await expect(page.getByText('lasting is sleeping')).toBeVisible()
})
