import { expect, test } from '@playwright/test'
import { openRoom } from './_room.ts'
import { openRepl } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Room } from './_room.ts'

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

const tabs = (page: Page): Locator => page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
/** The terminals on the screen, from the left. */
const shown = (page: Page, at: number): Locator => page.getByTestId('terminal').nth(at)
const keys = (page: Page, at: number): Locator => shown(page, at).locator('textarea')
const rows = (page: Page, at: number): Locator => shown(page, at).locator('.xterm-rows')

/** Closes all terminals but one fresh one, and opens the page anew. */
async function openWithOne(page: Page): Promise<void> {
  const { terminals } = await room.disk.request('terminal.list', {})
  await room.disk.request('terminal.create', { cols: 80, rows: 24 })
  for (const { id } of terminals) await room.disk.request('terminal.close', { terminal: id })
  await openRepl(page, room.client, room.replId)
}

async function type(page: Page, at: number, command: string): Promise<void> {
  await keys(page, at).focus()
  await page.keyboard.type(`${command}\n`)
}

test('terminals are split side by side, each with its keyboard, and a reload brings them back', async ({ page }) => {
  await openWithOne(page)
  await type(page, 0, 'mkdir -p deep && cd deep && NAME=left && echo left-$((40 + 2))')
  await expect(rows(page, 0)).toContainText('left-42')
  await page.keyboard.press('Control+Shift+5')
  await expect(keys(page, 1)).toBeFocused()
  await expect(rows(page, 1)).toContainText('/workspace/deep')
  await page.keyboard.type('echo "[$NAME]"right-$((40 + 3))\n')
  await expect(rows(page, 1)).toContainText('[]right-43')
  await expect(rows(page, 0)).toContainText('left-42')

  await page.keyboard.press('Alt+3')
  await expect(keys(page, 0)).toBeFocused()
  await page.keyboard.press('Alt+4')
  await expect(keys(page, 1)).toBeFocused()
  await shown(page, 0).locator('.xterm-screen').click()
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')

  const divider = page.getByRole('separator', { name: 'Width of terminal 1' })
  await divider.focus()
  const before = await shown(page, 0).boundingBox()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await shown(page, 0).boundingBox())?.width).toBeLessThan(before?.width ?? 0)
  const narrow = await shown(page, 0).boundingBox()

  await page.reload()
  await expect(rows(page, 0)).toContainText('left-42')
  await expect(rows(page, 1)).toContainText('right-43')
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')
  expect(await shown(page, 0).boundingBox()).toEqual(narrow)

  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(tabs(page)).toHaveCount(3)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await tabs(page).first().click()
  await expect(page.getByTestId('terminal')).toHaveCount(2)
  await page.getByRole('button', { name: /^Close bash/ }).click()
  await expect(tabs(page)).toHaveCount(2)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await expect(rows(page, 0)).toContainText('right-43')
})

test('a phone shows one of the terminals that stand side by side', async ({ page }) => {
  await openWithOne(page)
  await page.getByRole('button', { name: 'Split terminal' }).click()
  await expect(page.getByTestId('terminal')).toHaveCount(2)
  await page.setViewportSize({ width: 390, height: 844 })
  await expect(tabs(page)).toHaveCount(2)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await tabs(page).first().click()
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByTestId('terminal')).toHaveCount(1)
})

test('a shell is begun anew in its tab and folder, once somebody lets the program in it end', async ({ page }) => {
  await openWithOne(page)
  await type(page, 0, 'mkdir -p deep && cd deep && NAME=old && echo now-$((40 + 2)) && sleep 1000')
  await expect(rows(page, 0)).toContainText('now-42')
  const restart = async (): Promise<void> => {
    await tabs(page).first().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Restart shell' }).click()
  }
  await restart()
  const dialog = page.getByRole('dialog', { name: /^Restart bash/ })
  await expect(dialog.getByRole('list', { name: 'What runs in it' })).toHaveText('sleep 1000')
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await dialog.getByRole('button', { name: 'Restart and end it' }).click()
  await expect(rows(page, 0)).toContainText(/sleep 1000[^]*\/workspace\/deep/)
  await type(page, 0, 'echo "[$NAME]"new-$((40 + 3))')
  await expect(rows(page, 0)).toContainText('[]new-43')
  await expect(rows(page, 0)).toContainText('now-42')
  await expect(tabs(page)).toHaveCount(1)

  await type(page, 0, 'exit')
  await page.getByRole('button', { name: 'New shell' }).click()
  await expect(page.getByRole('button', { name: 'New shell' })).toBeHidden()
  await type(page, 0, 'echo again-$((40 + 4))')
  await expect(rows(page, 0)).toContainText('again-44')
})
