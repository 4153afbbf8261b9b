import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { ZipFile } from 'yazl'
import { connect, createRepl, signIn } from './_client.ts'
import type { Client, Connection } from './_client.ts'
import { look } from './_look.ts'
import { prompt } from './_pages.ts'
import { startServer } from './_server.ts'
import type { Server } from './_server.ts'
import { actAs, editFile, editorText, onDisk, openRepl, treeItem } from './_workbench.ts'

let server: Server
let client: Client
let replId: string
let disk: Connection

test.beforeAll(async () => {
  server = await startServer()
  client = await signIn(server.link)
  replId = await createRepl(client, 'empty')
  disk = await connect(client, replId)
  await disk.request('files.write', { path: 'poem.txt', content: 'roses are red\n', ifMatch: null })
  await client.mutate('history.checkpoint', { replId, name: 'First draft' })
})
test.afterAll(async () => {
  disk.close()
  await server[Symbol.asyncDispose]()
})

const panel = (page: Page) => page.getByRole('complementary', { name: 'Side panel' })
const openHistory = (page: Page) => page.getByRole('button', { name: 'History', exact: true }).click()

test('a checkpoint, a change, its diff, the file back, and that undone', async ({ page }) => {
  await openRepl(page, client, replId)
  await page.keyboard.press('Alt+c')
  const dialog = page.getByRole('dialog', { name: 'Take a checkpoint' })
  await dialog.getByLabel('Name').fill('Second draft')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Checkpoint “Second draft” taken.', { exact: true })).toBeVisible()

  const keys = await editFile(page, 'poem.txt')
  await keys.press('Control+a')
  await page.keyboard.insertText('violets are blue\n')
  await expect.poll(() => onDisk(disk, 'poem.txt')).toBe('violets are blue\n')

  await openHistory(page)
  await panel(page)
    .getByRole('button', { name: /Second draft/, expanded: false })
    .first()
    .click()
  await panel(page).getByRole('button', { name: 'poem.txt changed' }).click()
  const diff = page.getByRole('dialog', { name: 'poem.txt' })
  await expect(diff.locator('.editor.original')).toContainText('roses are red')
  await expect(diff.locator('.editor.modified')).toContainText('violets are blue')
  await diff.getByRole('button', { name: 'Restore this file' }).click()
  await expect(page.getByText('poem.txt is as it was then.', { exact: true })).toBeVisible()
  expect(await onDisk(disk, 'poem.txt')).toBe('roses are red\n')
  await expect(editorText(page)).toContainText('roses are red')

  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('Undone.', { exact: true })).toBeVisible()
  expect(await onDisk(disk, 'poem.txt')).toBe('violets are blue\n')
})

test('a snapshot that is forgotten can be put back, at once and later, and goes for good only when asked twice', async ({
  page,
}) => {
  await client.mutate('history.checkpoint', { replId, name: 'Not this one' })
  await disk.request('files.write', { path: 'later.txt', content: 'x', ifMatch: null })
  await client.mutate('history.checkpoint', { replId, name: 'After it' })
  await openRepl(page, client, replId)
  await openHistory(page)
  const row = panel(page).getByRole('button', { name: /^Not this one/ })
  const forget = async () => {
    await panel(page)
      .getByRole('button', { name: /^More for Not this one/ })
      .click()
    await page.getByRole('menuitem', { name: 'Forget this snapshot' }).click()
    await expect(row).toBeHidden()
  }
  await forget()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row).toBeVisible()

  await forget()
  await page.reload()
  await panel(page).getByText('Forgotten (1): gone after 7 days').click()
  await look(page, 'history-forgotten')
  // Looked at in the width of a phone, the panel was drawn anew.
  await panel(page).getByText('Forgotten (1): gone after 7 days').click()
  await panel(page).getByRole('button', { name: 'Put back Not this one' }).click()
  await expect(row).toBeVisible()

  await forget()
  await panel(page).getByText('Forgotten (1): gone after 7 days').click()
  await panel(page).getByRole('button', { name: 'Delete Not this one for good' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete “Not this one” for good?' })
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await expect(panel(page).getByText(/^Forgotten/)).toBeHidden()
  await expect(row).toBeHidden()
})

test('everything comes back while a program goes on running', async ({ page }) => {
  await openRepl(page, client, replId)
  const terminal = await disk.openTerminal()
  await terminal.type('sleep 1000 & echo pid-$!\n', /pid-\d+/)
  await disk.request('files.write', { path: 'stray.txt', content: 'x', ifMatch: null })
  await openHistory(page)
  await panel(page)
    .getByRole('button', { name: /^More for First draft/ })
    .click()
  await page.getByRole('menuitem', { name: 'Restore…' }).click()
  await page.getByRole('dialog', { name: 'Restore all files?' }).getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText('The files are as they were then.', { exact: true })).toBeVisible()
  expect(await onDisk(disk, 'stray.txt')).toBeUndefined()
  expect(await onDisk(disk, 'poem.txt')).toBe('roses are red\n')
  await expect(treeItem(page, 'stray.txt')).toHaveCount(0)
  await terminal.type('jobs; echo done-$((1 + 1))\n', /Running +sleep 1000[^]*done-2/)
})

test('a snapshot is downloaded, and forked into a REPL of its own', async ({ page }) => {
  await openRepl(page, client, replId)
  await openHistory(page)
  const menu = panel(page).getByRole('button', { name: /^More for First draft/ })
  await menu.click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download as tar.gz' }).click()
  const download = await downloading
  const listed = execFileSync('tar', ['xzOf', await download.path(), 'poem.txt'], { encoding: 'utf8' })
  expect(listed).toBe('roses are red\n')
  await menu.click()
  await page.getByRole('menuitem', { name: 'Fork into a new REPL' }).click()
  await expect(page).not.toHaveURL(new RegExp(replId))
  await prompt(page)
  await editFile(page, 'poem.txt')
  await expect(editorText(page)).toContainText('roses are red')
})

test('the files of a REPL that sleeps can be read and taken away', async ({ page }) => {
  const asleep = await createRepl(client, 'empty')
  await openRepl(page, client, asleep)
  await client.mutate('repls.stop', { replId: asleep })
  await page.getByRole('button', { name: 'Look at the files' }).click()
  const dialog = page.getByRole('dialog', { name: 'Files, as last backed up' })
  await dialog.getByRole('button', { name: 'README.md' }).click()
  await expect(dialog.locator('.view-lines')).toContainText('This REPL has a shell')
  const { violations } = await new AxeBuilder({ page }).include('[role="dialog"]').exclude('.monaco-editor').analyze()
  expect(violations).toEqual([])
  await page.screenshot({ path: test.info().outputPath('asleep.png') })
  const downloading = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Download as zip' }).click()
  expect((await downloading).suggestedFilename()).toMatch(/\.zip$/)
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await expect(page.getByRole('heading', { name: /is sleeping/ })).toBeVisible()
})

test('a zip becomes a REPL; what is no zip is refused in words', async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'devex-zip-'))
  try {
    await writeFile(join(folder, 'hello.txt'), 'from a zip\n')
    const zip = new ZipFile()
    zip.addFile(join(folder, 'hello.txt'), 'hello.txt')
    zip.end()
    await pipeline(zip.outputStream, createWriteStream(join(folder, 'project.zip')))
    await actAs(page, client)
    await page.goto(`${client.url}/repls`)
    await page.getByRole('button', { name: 'New REPL' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('tab', { name: 'From a zip' }).click()
    await dialog.getByLabel('Zip file').setInputFiles(join(folder, 'hello.txt'))
    await dialog.getByRole('button', { name: 'Import zip' }).click()
    await expect(dialog.getByRole('alert')).toContainText('This is not a zip')
    await dialog.getByLabel('Zip file').setInputFiles(join(folder, 'project.zip'))
    await dialog.getByRole('button', { name: 'Import zip' }).click()
    await expect(page).toHaveURL(/\/r\/[a-z0-9]{16}$/)
    await editFile(page, 'hello.txt')
    await expect(editorText(page)).toContainText('from a zip')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`the history reads well, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height: 860 })
      await openRepl(page, client, replId)
      if (width === 390) {
        await page.keyboard.press('F1')
        await page.keyboard.type('Show history')
        await page.keyboard.press('Enter')
        await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: 'Files' }).click()
      } else await openHistory(page)
      await panel(page)
        .getByRole('button', { name: /First draft/ })
        .first()
        .click()
      await expect(panel(page).getByText(/Nothing changed since|Changed since then/)).toBeVisible()
      const { violations } = await new AxeBuilder({ page }).include('[aria-label="Side panel"]').analyze()
      expect(violations).toEqual([])
      await page.screenshot({ path: test.info().outputPath(`history-${scheme}-${width}.png`) })
    })
  }
}
