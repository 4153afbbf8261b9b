import { stat } from 'node:fs/promises'
import { expect, test } from '@playwright/test'
import { connect, createRepl, signIn } from './_client.ts'
import { startOnLine } from './_line.ts'
import { runInTerminal } from './_pages.ts'
import { editFile, editorText, onDisk, openRepl, treeItem } from './_workbench.ts'
import type { Page } from '@playwright/test'
import type { Client, Connection } from './_client.ts'
import type { ServerOnLine } from './_line.ts'

const BIG_BYTES = 50_000_000

let running: ServerOnLine
let client: Client
let replId: string
let disk: Connection

test.beforeAll(async () => {
  running = await startOnLine({ SPARE_SANDBOXES: '0' })
  client = await signIn(running.server.link)
  replId = await createRepl(client, 'node')
  disk = await connect(client, replId)
})
test.afterAll(async () => {
  disk.close()
  await running[Symbol.asyncDispose]()
})

const saveState = (page: Page) => page.getByTestId('save-state')

test('a file of 50 MB is offered as a download, and the page stays alive', async ({ page }) => {
  await openRepl(page, client, replId)
  await runInTerminal(page, `yes | head -c ${BIG_BYTES} > .part && mv .part big.txt`)
  await treeItem(page, 'big.txt').click()
  const editor = page.getByRole('region', { name: 'Editor' })
  await expect(editor).toContainText('It is too large to edit here.')
  const downloading = page.waitForEvent('download')
  await editor.getByRole('link', { name: 'Download' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('big.txt')
  expect((await stat(await download.path())).size).toBe(BIG_BYTES)
  await editFile(page, 'index.js')
  await expect(editorText(page)).toContainText('createServer')
  await runInTerminal(page, 'rm big.txt; echo alive-$((40 + 2))')
  await expect(page.getByTestId('terminal')).toContainText('alive-42')
})

test('a binary file is not shown as text', async ({ page }) => {
  await openRepl(page, client, replId)
  await runInTerminal(page, String.raw`printf '\000\001\377\376' > .part && mv .part data.bin`)
  await treeItem(page, 'data.bin').click()
  await expect(page.getByRole('region', { name: 'Editor' })).toContainText('It is not text')
})

test('a file deleted under an open tab says so, and can be saved back', async ({ page }) => {
  await disk.request('files.write', { path: 'notes.txt', content: 'worth keeping\n', ifMatch: null })
  await openRepl(page, client, replId)
  await editFile(page, 'notes.txt')
  await expect(editorText(page)).toContainText('worth keeping')
  await runInTerminal(page, 'rm notes.txt')
  const banner = page.getByRole('alert').filter({ hasText: 'notes.txt was deleted from the disk.' })
  await expect(banner).toBeVisible()
  expect(await onDisk(disk, 'notes.txt')).toBeUndefined()
  await banner.getByRole('button', { name: 'Save it back' }).click()
  await expect(banner).toBeHidden()
  expect(await onDisk(disk, 'notes.txt')).toBe('worth keeping\n')
})

for (const [choice, result] of [
  ['Keep mine', 'mine\n'],
  ['Take theirs', 'theirs\n'],
] as const) {
  test(`a file changed on disk under typed text: compare, then "${choice}"`, async ({ page }) => {
    const path = `${choice.replace(' ', '-')}.txt`
    const { etag } = await disk.request('files.write', { path, content: 'before\n', ifMatch: null })
    await openRepl(page, client, replId)
    await editFile(page, path)
    await expect(editorText(page)).toContainText('before')
    running.line.cut()
    await expect(page.getByTestId('connection-state')).not.toHaveAttribute('data-state', 'open')
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('mine\n')
    await disk.request('files.write', { path, content: 'theirs\n', ifMatch: etag })
    running.line.mend()
    await page.evaluate(() => window.dispatchEvent(new Event('online')))

    const banner = page.getByRole('alert').filter({ hasText: 'was changed on disk' })
    await expect(banner).toBeVisible()
    await expect(saveState(page)).toHaveAttribute('data-state', 'attention')
    expect(await onDisk(disk, path)).toBe('theirs\n')
    await banner.getByRole('button', { name: 'Compare' }).click()
    const dialog = page.getByRole('dialog', { name: `${path} was changed twice` })
    await expect(dialog.locator('.view-line').filter({ hasText: 'theirs' })).toBeVisible()
    await expect(dialog.locator('.view-line').filter({ hasText: 'mine' })).toBeVisible()
    await dialog.getByRole('button', { name: choice }).click()
    await expect(dialog).toBeHidden()
    await expect(banner).toBeHidden()
    await expect(saveState(page)).toHaveAttribute('data-state', /^(saved|backed-up)/)
    await expect(editorText(page)).toContainText(result.trim())
    expect(await onDisk(disk, path)).toBe(result)
  })
}

for (const [what, before, after] of [
  ['line endings', 'one\r\ntwo\r\n', 'one\nthree\n'],
  ['a byte order mark', '\u{FEFF}one\ntwo\n', '\u{FEFF}one\nthree\n'],
  ['a byte order mark that goes', '\u{FEFF}one\r\ntwo\r\n', 'one\nthree\n'],
] as const) {
  test(`a program that rewrites an open file: ${what} is as it wrote it, and stays so when somebody types`, async ({
    page,
  }) => {
    const path = `${what.replaceAll(' ', '-')}.txt`
    const { etag } = await disk.request('files.write', { path, content: before, ifMatch: null })
    await openRepl(page, client, replId)
    await editFile(page, path)
    await expect(editorText(page)).toContainText('two')
    await disk.request('files.write', { path, content: after, ifMatch: etag })
    await expect(editorText(page)).toContainText('three')
    await page.keyboard.press('Control+End')
    await page.keyboard.insertText('typed')
    await expect.poll(() => onDisk(disk, path)).toBe(`${after}typed`)
  })
}

test('Delete is about what the keyboard is on, not about what was clicked before', async ({ page }) => {
  for (const path of ['keys-a.txt', 'keys-b.txt', 'keys-c.txt'])
    await disk.request('files.write', { path, content: path, ifMatch: null })
  await openRepl(page, client, replId)
  await treeItem(page, 'keys-a.txt').click()
  await page.keyboard.press('ArrowDown')
  await expect(treeItem(page, 'keys-b.txt')).toBeFocused()
  await page.keyboard.press('Delete')
  await expect(treeItem(page, 'keys-b.txt')).toBeHidden()
  await expect(treeItem(page, 'keys-a.txt')).toBeVisible()
  expect(await onDisk(disk, 'keys-a.txt')).toBe('keys-a.txt')
  await treeItem(page, 'keys-a.txt').click()
  await treeItem(page, 'keys-c.txt').click({ modifiers: ['Control'] })
  await page.keyboard.press('Delete')
  await expect(treeItem(page, 'keys-a.txt')).toBeHidden()
  await expect(treeItem(page, 'keys-c.txt')).toBeHidden()
})

test('an upload over files that are there asks once: Replace, Keep both, Skip, from the keyboard too', async ({
  page,
}) => {
  await disk.request('files.write', { path: 'photo.txt', content: 'old', ifMatch: null })
  await openRepl(page, client, replId)
  await expect(treeItem(page, 'photo.txt')).toBeVisible()
  const upload = (content: string) =>
    page.getByLabel('Files to upload').setInputFiles([
      { name: 'photo.txt', mimeType: 'text/plain', buffer: Buffer.from(content) },
      { name: `${content}.txt`, mimeType: 'text/plain', buffer: Buffer.from(content) },
    ])
  const dialog = page.getByRole('dialog', { name: 'photo.txt is there already' })

  await upload('replacing')
  await dialog.getByRole('button', { name: 'Replace' }).click()
  await expect(dialog).toBeHidden()
  await expect.poll(() => onDisk(disk, 'photo.txt')).toBe('replacing')

  await upload('beside')
  await expect(dialog.getByRole('button', { name: 'Keep both' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(treeItem(page, 'photo (2).txt')).toBeVisible()
  expect(await onDisk(disk, 'photo (2).txt')).toBe('beside')
  expect(await onDisk(disk, 'photo.txt')).toBe('replacing')

  await upload('skipped')
  await expect(dialog).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect.poll(() => onDisk(disk, 'skipped.txt')).toBe('skipped')
  expect(await onDisk(disk, 'photo.txt')).toBe('replacing')
  expect(await onDisk(disk, 'photo (3).txt')).toBeUndefined()
})
