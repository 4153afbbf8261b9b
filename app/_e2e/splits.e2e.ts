import { expect, test } from '@playwright/test'
import { openRoom } from './_room.ts'
import { editFile, onDisk, openRepl, treeItem } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Room } from './_room.ts'

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

/** Opens the page anew on a workspace with these files, each with its name as its text. */
async function openWith(page: Page, files: readonly string[]): Promise<void> {
  const { entries } = await room.disk.request('files.list', { path: '' })
  for (const { name } of entries) await room.disk.request('files.delete', { path: name })
  for (const path of files) await room.disk.request('files.write', { path, content: `${path}\n`, ifMatch: null })
  await openRepl(page, room.client, room.replId)
}

/** The tabs of a group, counted from zero. */
const tabs = (page: Page, group: number): Locator =>
  page.getByRole('tablist', { name: 'Open files' }).nth(group).getByRole('tab')
const shown = (page: Page, group: number): Locator =>
  page.getByRole('region', { name: 'Editor' }).getByRole('tabpanel').nth(group)
const text = (page: Page, group: number): Locator => shown(page, group).locator('.view-lines')
const keys = (page: Page, group: number): Locator =>
  shown(page, group).locator('.native-edit-context, .monaco-editor textarea').first()

test('a file split in two is one document with two cursors', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt'])
  await editFile(page, 'one.txt')
  await page.keyboard.press('Control+\\')
  await expect(tabs(page, 1)).toHaveText(['one.txt'])
  await expect(keys(page, 1)).toBeFocused()
  await page.keyboard.type('right-')
  await expect(text(page, 0)).toContainText('right-one.txt')
  await page.keyboard.press('Control+s')
  await expect.poll(() => onDisk(room.disk, 'one.txt')).toBe('right-one.txt\n')
  await expect(page.getByText('Ln 1, Col 7')).toBeVisible()

  await page.keyboard.press('Alt+Shift+1')
  await expect(keys(page, 0)).toBeFocused()
  await page.keyboard.press('Control+z')
  await expect(text(page, 1)).toHaveText('one.txt')
  await page.keyboard.press('Control+End')
  await page.keyboard.type('left')
  await expect(text(page, 1)).toHaveText('one.txtleft')
  await expect(page.getByText('Ln 2, Col 5')).toBeVisible()
  await expect.poll(() => onDisk(room.disk, 'one.txt')).toBe('one.txt\nleft')

  await page.keyboard.press('Alt+w')
  await expect(page.getByRole('tablist', { name: 'Open files' })).toHaveCount(1)
  await expect(keys(page, 0)).toBeFocused()
  await page.keyboard.type('still-')
  await expect.poll(() => onDisk(room.disk, 'one.txt')).toBe('still-one.txt\nleft')
})

test('what is opened comes into the group that was used last', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt', 'three.txt'])
  await editFile(page, 'one.txt')
  await page.getByRole('button', { name: 'Split right' }).click()
  await expect(keys(page, 1)).toBeFocused()
  await treeItem(page, 'two.txt').click()
  await expect(tabs(page, 1)).toHaveText(['one.txt', 'two.txt'])
  await keys(page, 0).focus()
  await page.keyboard.press('Control+p')
  await page.keyboard.type('three')
  await page.keyboard.press('Enter')
  await expect(tabs(page, 0)).toHaveText(['one.txt', 'three.txt'])
  await expect(tabs(page, 1)).toHaveText(['one.txt', 'two.txt'])
  await expect(treeItem(page, 'three.txt')).toBeVisible()
})

test('tabs are dragged along, across and into a new group, and a reload brings it all back', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt', 'three.txt'])
  for (const name of ['one.txt', 'two.txt', 'three.txt']) await editFile(page, name)
  await tabs(page, 0)
    .filter({ hasText: 'three' })
    .dragTo(tabs(page, 0).filter({ hasText: 'one' }), {
      targetPosition: { x: 4, y: 10 },
    })
  await expect(tabs(page, 0)).toHaveText(['three.txt', 'one.txt', 'two.txt'])

  const place = await shown(page, 0).boundingBox()
  if (place === null) throw new Error('There is no editor.')
  await tabs(page, 0).filter({ hasText: 'two' }).hover()
  await page.mouse.down()
  await page.mouse.move(place.x + place.width * 0.4, place.y + place.height / 2, { steps: 4 })
  await expect(page.getByTestId('drop-split')).toBeVisible()
  await page.mouse.move(place.x + place.width * 0.8, place.y + place.height / 2, { steps: 4 })
  await page.mouse.up()
  await expect(tabs(page, 0)).toHaveText(['three.txt', 'one.txt'])
  await expect(tabs(page, 1)).toHaveText(['two.txt'])
  await expect(page.getByTestId('drop-split')).toHaveCount(0)

  await tabs(page, 0)
    .filter({ hasText: 'one' })
    .dragTo(tabs(page, 1).first(), { targetPosition: { x: 4, y: 10 } })
  await expect(tabs(page, 1)).toHaveText(['one.txt', 'two.txt'])
  await expect(text(page, 1)).toHaveText('one.txt')

  const divider = page.getByRole('separator', { name: 'Width of group 1' })
  await divider.focus()
  const before = await shown(page, 0).boundingBox()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await expect.poll(async () => (await shown(page, 0).boundingBox())?.width).toBeGreaterThan(before?.width ?? 0)
  const wide = await shown(page, 0).boundingBox()

  await page.reload()
  await expect(tabs(page, 0)).toHaveText(['three.txt'])
  await expect(tabs(page, 1)).toHaveText(['one.txt', 'two.txt'])
  await expect(text(page, 0)).toHaveText('three.txt')
  await expect(text(page, 1)).toHaveText('one.txt')
  expect(await shown(page, 0).boundingBox()).toEqual(wide)
})

test('a tab goes to another group by its menu and by a command, and the keyboard with it', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt'])
  for (const name of ['one.txt', 'two.txt']) await editFile(page, name)
  await tabs(page, 0).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Move to the next group' }).click()
  await expect(tabs(page, 0)).toHaveText(['two.txt'])
  await expect(tabs(page, 1)).toHaveText(['one.txt'])
  await expect(keys(page, 1)).toBeFocused()
  await page.keyboard.press('Control+Shift+p')
  await page.keyboard.type('Move tab to the previous group')
  await page.keyboard.press('Enter')
  await expect(tabs(page, 0)).toHaveText(['two.txt', 'one.txt'])
  await expect(keys(page, 0)).toBeFocused()
  await expect(page.getByRole('tablist', { name: 'Open files' })).toHaveCount(1)
})

test('tabs are reached, shown and closed by the keyboard', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt', 'three.txt'])
  for (const name of ['one.txt', 'two.txt', 'three.txt']) await editFile(page, name)
  await tabs(page, 0).last().focus()
  await page.keyboard.press('ArrowRight')
  await expect(tabs(page, 0).first()).toBeFocused()
  await expect(shown(page, 0)).toHaveAccessibleName('one.txt')
  await page.keyboard.press('End')
  await expect(text(page, 0)).toHaveText('three.txt')
  await page.keyboard.press('Delete')
  await expect(tabs(page, 0)).toHaveText(['one.txt', 'two.txt'])
  await expect(tabs(page, 0).last()).toBeFocused()
  await expect(text(page, 0)).toHaveText('two.txt')
  await page.keyboard.press('Alt+Shift+PageUp')
  await expect(tabs(page, 0)).toHaveText(['two.txt', 'one.txt'])
})

test('a narrow window shows one group, a wide one all of them again', async ({ page }) => {
  await openWith(page, ['one.txt', 'two.txt'])
  await editFile(page, 'one.txt')
  await page.keyboard.press('Control+\\')
  await expect(keys(page, 1)).toBeFocused()
  await treeItem(page, 'two.txt').dblclick()
  await expect(text(page, 1)).toHaveText('two.txt')
  await page.setViewportSize({ width: 390, height: 844 })
  await expect(tabs(page, 0)).toHaveText(['one.txt', 'two.txt'])
  await page.getByRole('button', { name: 'Show group 1 of 2' }).click()
  await expect(text(page, 0)).toHaveText('one.txt')
  await expect(page.getByRole('tablist', { name: 'Open files' })).toHaveCount(1)
  await page.setViewportSize({ width: 1440, height: 900 })
  await expect(tabs(page, 1)).toHaveText(['one.txt', 'two.txt'])
  await expect(text(page, 1)).toHaveText('two.txt')
})
