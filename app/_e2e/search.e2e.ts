import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { connect, createRepl, signIn } from './_client.ts'
import type { Client, Connection } from './_client.ts'
import { look } from './_look.ts'
import { startServer } from './_server.ts'
import type { Server } from './_server.ts'
import { editFile, editorText, onDisk, openRepl, treeItem } from './_workbench.ts'

let server: Server
let client: Client
let replId: string
let disk: Connection

test.beforeAll(async () => {
  server = await startServer()
  client = await signIn(server.link)
  replId = await createRepl(client, 'empty')
  disk = await connect(client, replId)
})
test.afterAll(async () => {
  disk.close()
  await server[Symbol.asyncDispose]()
})

const FILES = {
  'src/garden.ts':
    "export const colour = 'green'\n\nexport function paint(colour: string): string {\n  return colour\n}\n",
  'src/house/door.ts': "import { paint } from '../garden.ts'\n\nexport const door = paint('Colourless')\n",
  'notes.md': '# Colours\n\nThe colour of the door is not settled.\n',
}

test.beforeEach(async () => {
  for (const [path, content] of Object.entries(FILES)) {
    const there = await disk.request('files.stat', { path }).catch(() => undefined)
    await disk.request('files.write', { path, content, ifMatch: there?.etag ?? null })
  }
})

const panel = (page: Page) => page.getByRole('complementary', { name: 'Side panel' })
const field = (page: Page, name: string) => panel(page).getByLabel(name, { exact: true })
const results = (page: Page) => panel(page).getByRole('tree', { name: 'Results' })
const rows = (page: Page) => results(page).getByRole('treeitem')

/** Searches by the keyboard for what is typed. */
async function search(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+Shift+f')
  await expect(field(page, 'Search in files')).toBeFocused()
  await page.keyboard.type(text)
}

test('Ctrl+Shift+F: results as one types, gone through by the keyboard, shown in the editor', async ({ page }) => {
  await openRepl(page, client, replId)
  await search(page, 'colour')
  await expect(panel(page)).toContainText('6 results in 3 files.')
  await expect(rows(page)).toHaveCount(9)

  await panel(page).getByRole('button', { name: 'Match case' }).click()
  await panel(page).getByRole('button', { name: 'Whole words' }).click()
  await expect(panel(page)).toContainText('4 results in 2 files.')

  await results(page).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect(results(page).locator('[aria-selected="true"]')).toContainText('export function paint(colour')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tab', { name: 'garden.ts' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByText('Ln 3, Col 29')).toBeVisible()

  // From the editor to the next one, and the selection is what is searched for next.
  await page.keyboard.press('F4')
  await expect(page.getByText('Ln 4, Col 16')).toBeVisible()
  await page.keyboard.press('F4')
  await expect(page.getByRole('tab', { name: 'notes.md' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Control+Shift+f')
  await expect(field(page, 'Search in files')).toHaveValue('colour')
})

test('where to look, and a pattern: what is wrong with it is said', async ({ page }) => {
  await openRepl(page, client, replId)
  await treeItem(page, 'src').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Search in this folder' }).click()
  await expect(field(page, 'Only in these files')).toHaveValue('./src')
  await field(page, 'Search in files').fill('col+our(less)?')
  await expect(panel(page)).toContainText('Nothing found in 2 files.')
  await panel(page).getByRole('button', { name: 'Regular expression' }).click()
  await expect(panel(page)).toContainText('4 results in 2 files.')
  await field(page, 'Not in these files').fill('house')
  await expect(panel(page)).toContainText('3 results in 1 file.')
  await field(page, 'Search in files').fill('colour(')
  await expect(panel(page).getByRole('alert')).toContainText('This is no regular expression')
})

test('replacing: seen before, done in open files and others, and undone', async ({ page }) => {
  await openRepl(page, client, replId)
  await editFile(page, 'notes.md')
  await page.keyboard.press('Control+Shift+h')
  await expect(field(page, 'Search in files')).toBeFocused()
  await page.keyboard.type('colour')
  await expect(panel(page)).toContainText('6 results in 3 files.')
  await field(page, 'Replace with').fill('hue')
  await expect(rows(page).locator('ins').first()).toHaveText('hue')

  // One is left out, and one is replaced by itself.
  await results(page).focus()
  await page.keyboard.press('End')
  await expect(results(page).locator('[aria-selected="true"]')).toContainText('The colour')
  await page.keyboard.press('Delete')
  await expect(panel(page)).toContainText('5 results in 3 files.')
  await page.keyboard.press('End')
  await page.keyboard.press('Shift+Enter')
  await expect(panel(page)).toContainText('1 result replaced in 1 file.')
  await expect(editorText(page)).toContainText('# hues')
  expect(await onDisk(disk, 'notes.md')).toBe('# hues\n\nThe colour of the door is not settled.\n')

  await panel(page).getByRole('button', { name: 'Replace all', exact: true }).click()
  await expect(panel(page)).toContainText('4 results replaced in 2 files.')
  expect(await onDisk(disk, 'src/garden.ts')).toBe(FILES['src/garden.ts'].replaceAll('colour', 'hue'))
  expect(await onDisk(disk, 'src/house/door.ts')).toContain("paint('hueless')")
  await panel(page).getByRole('button', { name: 'Undo' }).click()
  await expect(panel(page)).toContainText('5 results in 3 files.')
  expect(await onDisk(disk, 'src/garden.ts')).toBe(FILES['src/garden.ts'])
})

test('many results come as they are found, and a search that hangs can be stopped', async ({ page }) => {
  await disk.request('files.write', { path: 'many.txt', content: 'needle\n'.repeat(20_000), ifMatch: null })
  await disk.request('files.write', { path: 'hang.txt', content: `${'a'.repeat(60)}!\n`, ifMatch: null })
  await openRepl(page, client, replId)
  await search(page, 'needle')
  await expect(panel(page)).toContainText('5,000 results in 1 file. There are more')
  await results(page).focus()
  await page.keyboard.press('End')
  await expect(results(page).locator('[aria-selected="true"]')).toContainText('needle, line 5000')

  await panel(page).getByRole('button', { name: 'Regular expression' }).click()
  await field(page, 'Search in files').fill('^(a+)+$')
  await panel(page).getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(panel(page)).toContainText('Stopped')
  await field(page, 'Search in files').fill('^ne{2}dle$')
  await expect(panel(page)).toContainText('5,000 results in 1 file.')
  await disk.request('files.delete', { path: 'many.txt' })
  await disk.request('files.delete', { path: 'hang.txt' })
})

test('the search reads well', async ({ page }) => {
  await openRepl(page, client, replId)
  await page.keyboard.press('Control+Shift+h')
  await page.keyboard.type('colour')
  await expect(panel(page)).toContainText('6 results in 3 files.')
  await field(page, 'Replace with').fill('hue')
  await panel(page).getByRole('button', { name: 'Choose where' }).click()
  await look(page, 'search')
})
