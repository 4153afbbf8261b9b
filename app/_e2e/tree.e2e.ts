import { mkdir, writeFile } from 'node:fs/promises'
import { expect, test } from '@playwright/test'
import { look } from './_look.ts'
import { openRoom } from './_room.ts'
import { editFile, onDisk, openRepl, treeItem } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Room } from './_room.ts'

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

/** Opens the page on a workspace with these files and no others. */
async function openWith(page: Page, files: readonly string[]): Promise<void> {
  const { entries } = await room.disk.request('files.list', { path: '' })
  for (const { name } of entries) await room.disk.request('files.delete', { path: name })
  for (const path of files) await room.disk.request('files.write', { path, content: path, ifMatch: null })
  await openRepl(page, room.client, room.replId)
  const first = files[0]?.split('/')[0]
  if (first !== undefined) await expect(treeItem(page, first)).toBeVisible()
}

const rows = (page: Page): Locator => page.getByRole('tree', { name: 'Files' }).getByRole('treeitem')
const terminal = (page: Page): Locator => page.getByTestId('terminal').locator('textarea')

/** Drops a file, or the folder that it is in, from outside of the browser onto the middle of an element. */
async function drop(page: Page, target: Locator, name: string, over?: Locator): Promise<void> {
  const [folder] = name.split('/')
  const path = test.info().outputPath(folder ?? name)
  if (folder !== name) await mkdir(path)
  await writeFile(test.info().outputPath(name), name)
  const box = await target.boundingBox()
  if (box === null) throw new Error('There is nothing to drop on.')
  const way = (await over?.boundingBox()) ?? box
  const cdp = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop', { x, y, width, height }: typeof box) =>
    cdp.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data })
  await drag('dragEnter', way)
  await drag('dragOver', way)
  await drag('dragOver', box)
  await drag('drop', box)
  await cdp.detach()
}

test('what is deleted together comes back with one Undo', async ({ page }) => {
  const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt']
  await openWith(page, [...names, 'kept.txt'])
  await treeItem(page, 'a.txt').click()
  await treeItem(page, 'e.txt').click({ modifiers: ['Shift'] })
  await page.keyboard.press('Delete')
  await expect(rows(page)).toHaveText(['kept.txt'])
  await expect(page.locator('[data-slot="toast"]')).toHaveText([/^5 files were moved to the trash\./])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(rows(page)).toHaveText([...names, 'kept.txt'])
  expect(await onDisk(room.disk, 'e.txt')).toBe('e.txt')
})

test('the trash has what was deleted, after a reload too: to put back, and to be rid of when asked twice', async ({
  page,
}) => {
  await openWith(page, ['kept.txt', 'deep/gone.txt', 'rid.txt'])
  await room.disk.request('trash.empty', {})
  for (const path of ['deep/gone.txt', 'rid.txt']) await room.disk.request('files.delete', { path })
  await page.reload()
  await page.getByRole('button', { name: 'Trash' }).click()
  const dialog = page.getByRole('dialog', { name: 'Trash' })
  const deleted = dialog.getByRole('list', { name: 'Deleted files' }).getByRole('listitem')
  await expect(deleted).toContainText(['rid.txt', 'gone.txt'])
  await look(page, 'ide-trash')
  await dialog.getByRole('button', { name: 'Put back deep/gone.txt' }).click()
  await expect(deleted).toHaveCount(1)
  expect(await onDisk(room.disk, 'deep/gone.txt')).toBe('deep/gone.txt')
  await dialog.getByRole('button', { name: 'Delete rid.txt for good' }).click()
  await expect(deleted).toHaveCount(1)
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await expect(dialog).toContainText('The trash is empty')
  expect((await room.disk.request('trash.list', {})).total).toBe(0)
})

test('the menu deletes all that are selected where it is opened on one of them, else that one', async ({ page }) => {
  await openWith(page, ['a.txt', 'b.txt', 'c.txt', 'd.txt'])
  await treeItem(page, 'a.txt').click()
  await treeItem(page, 'c.txt').click({ modifiers: ['Control'] })
  await treeItem(page, 'd.txt').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Delete', exact: false }).click()
  await expect(rows(page)).toHaveText(['a.txt', 'b.txt', 'c.txt'])
  await treeItem(page, 'c.txt').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Delete 2 items' }).click()
  await expect(rows(page)).toHaveText(['b.txt'])
})

test('a name that is taken stays in its field, to be changed', async ({ page }) => {
  await openWith(page, ['README.md'])
  await page.keyboard.press('Alt+n')
  const field = page.getByRole('textbox', { name: 'Name of the new file' })
  await expect(field).toBeFocused()
  await page.keyboard.type('README.md')
  await page.keyboard.press('Enter')
  await expect(page.getByText('README.md exists already.', { exact: true })).toBeVisible()
  await expect(field).toBeFocused()
  await expect(field).toHaveValue('README.md')
  await page.keyboard.type('other.md')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tab', { name: 'other.md' })).toHaveAttribute('aria-selected', 'true')
})

test('the keyboard is in the tree again once its menu closes', async ({ page }) => {
  await openWith(page, ['a.txt', 'b.txt'])
  await treeItem(page, 'a.txt').click({ button: 'right' })
  await page.keyboard.press('Escape')
  await expect(rows(page).first()).toBeFocused()
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Copy path' }).click()
  await expect(rows(page).first()).toBeFocused()
})

test('the keyboard stays in the tree when its row is deleted or renamed', async ({ page }) => {
  await openWith(page, ['a.txt', 'b.txt', 'c.txt', 'd.txt'])
  await treeItem(page, 'b.txt').click()
  await page.keyboard.press('Delete')
  await expect(treeItem(page, 'c.txt')).toBeFocused()
  await page.keyboard.press('F2')
  await expect(page.getByLabel('New name of c.txt')).toBeFocused()
  await page.keyboard.type('zz')
  await page.keyboard.press('Enter')
  await expect(treeItem(page, 'zz.txt')).toBeFocused()
  await page.keyboard.press('Delete')
  await expect(treeItem(page, 'd.txt')).toBeFocused()
})

test('a folder that is renamed stays open, and so do those in it', async ({ page }) => {
  await openWith(page, ['d/e/f.txt', 'd/g/h.txt'])
  await treeItem(page, 'd').click()
  await treeItem(page, 'e').click()
  await expect(rows(page)).toHaveText(['d', 'e', 'f.txt', 'g'])
  await page.keyboard.press('Home')
  await page.keyboard.press('F2')
  await page.keyboard.type('renamed')
  await page.keyboard.press('Enter')
  await expect(rows(page)).toHaveText(['renamed', 'e', 'f.txt', 'g'])
  await expect(treeItem(page, 'renamed')).toBeFocused()
})

test('the tree takes the keyboard where its row is deleted elsewhere, but not from elsewhere', async ({ page }) => {
  await openWith(page, ['a.txt', 'b.txt', 'c.txt'])
  await treeItem(page, 'b.txt').click()
  const editor = await editFile(page, 'a.txt')
  await treeItem(page, 'b.txt').click()
  await editor.focus()
  await room.disk.request('files.delete', { path: 'b.txt' })
  await expect(rows(page)).toHaveText(['a.txt', 'c.txt'])
  await expect(treeItem(page, 'c.txt')).toHaveAttribute('tabindex', '0')
  await expect(editor).toBeFocused()
})

test('Ctrl+Shift+E gives the keyboard to the tree, open or closed, and Tab finds a row that is out of view', async ({
  page,
}) => {
  const names = Array.from({ length: 200 }, (_, index) => `f${String(index).padStart(3, '0')}.txt`)
  await openWith(page, names)
  await terminal(page).focus()
  await page.keyboard.press('Control+Shift+E')
  await expect(treeItem(page, 'f000.txt')).toBeFocused()
  await page.keyboard.press('End')
  await expect(treeItem(page, 'f199.txt')).toBeFocused()
  await page.keyboard.press('Home')
  await expect(treeItem(page, 'f000.txt')).toBeFocused()

  await treeItem(page, 'f000.txt').hover()
  await page.mouse.wheel(0, 3000)
  await expect(treeItem(page, 'f120.txt')).toBeInViewport()
  await expect(treeItem(page, 'f000.txt')).toBeFocused()
  await page.getByRole('button', { name: 'Collapse folders' }).focus()
  await page.keyboard.press('Tab')
  await expect(treeItem(page, 'f000.txt')).toBeFocused()
  await expect(treeItem(page, 'f000.txt')).toBeInViewport()

  await page.keyboard.press('Control+b')
  await expect(page.getByRole('tree')).toBeHidden()
  await terminal(page).focus()
  await page.keyboard.press('Control+Shift+E')
  await expect(treeItem(page, 'f000.txt')).toBeFocused()
})

test('files dropped below the rows, on a row and into an empty workspace are uploaded', async ({ page }) => {
  await openWith(page, [])
  const area = page.getByRole('tree', { name: 'Files' }).locator('xpath=..')
  await drop(page, area, 'first.txt')
  await expect(treeItem(page, 'first.txt')).toBeVisible()
  await drop(page, area, 'second.txt')
  await expect(treeItem(page, 'second.txt')).toBeVisible()
  await drop(page, treeItem(page, 'first.txt'), 'third.txt')
  await expect(treeItem(page, 'third.txt')).toBeVisible()
  expect(await onDisk(room.disk, 'third.txt')).toBe('third.txt')
  await drop(page, area, 'folder/fourth.txt', treeItem(page, 'first.txt'))
  await expect.poll(() => onDisk(room.disk, 'folder/fourth.txt')).toBe('folder/fourth.txt')
  // A drag that came over a row is over for the keyboard too.
  await treeItem(page, 'first.txt').click()
  await expect(async () => {
    await treeItem(page, 'first.txt').focus()
    await page.keyboard.press('ArrowDown')
    await expect(treeItem(page, 'second.txt')).toBeFocused({ timeout: 500 })
  }).toPass({ timeout: 5000 })
})

test('a dropped upload leaves the keyboard where it was', async ({ page }) => {
  await openWith(page, ['d/a.txt'])
  await treeItem(page, 'd').click()
  await expect(treeItem(page, 'a.txt')).toBeVisible()
  await terminal(page).focus()
  await drop(page, treeItem(page, 'd'), 'dropped.txt')
  await expect(treeItem(page, 'dropped.txt')).toBeVisible()
  await expect(terminal(page)).toBeFocused()
})

test('a file dropped beside the tree is not opened by the browser', async ({ page }) => {
  await openWith(page, ['a.txt'])
  const { length } = page.context().pages()
  const url = page.url()
  for (const target of [page.getByRole('contentinfo'), page.getByRole('banner')]) {
    await drop(page, target, 'dropped.txt')
    await expect(treeItem(page, 'a.txt')).toBeVisible()
  }
  expect(page.url()).toBe(url)
  expect(page.context().pages()).toHaveLength(length)
})

test('a folder and a file in it are moved together, and nothing else', async ({ page }) => {
  await openWith(page, ['from/in.txt', 'into/there.txt', 'last.txt'])
  await treeItem(page, 'from').click()
  await treeItem(page, 'in.txt').click({ modifiers: ['Control'] })
  await treeItem(page, 'last.txt').click({ modifiers: ['Control'] })
  await treeItem(page, 'from').dragTo(treeItem(page, 'into'))
  await expect.poll(() => onDisk(room.disk, 'into/from/in.txt')).toBe('from/in.txt')
  await expect.poll(() => onDisk(room.disk, 'into/last.txt')).toBe('last.txt')
  await expect(page.locator('[data-slot="toast"]')).toHaveCount(0)
})
