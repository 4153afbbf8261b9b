import { mkdirSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { connect, createRepl, signIn } from './_client.ts'
import { startOnLine } from './_line.ts'
import { runInTerminal } from './_pages.ts'
import { editFile, editorText, onDisk, openRepl, treeItem } from './_workbench.ts'
import type { Page } from '@playwright/test'
import type { Client, Connection } from './_client.ts'
import type { ServerOnLine } from './_line.ts'

const BIG_BYTES = 50_000_000
const SLOW_BYTES_PER_SECOND = 500_000
const UNLIMITED = -1

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

type Picked = { name: string; mimeType: string; buffer: Buffer }[]

/** Picks files from the disk of the browser, as the menu offers it. */
async function pick(page: Page, files: Picked | string, item = 'Upload files'): Promise<void> {
  const choosing = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await (await choosing).setFiles(files)
}

test('an upload over files that are there asks once: Replace, Keep both, Skip, from the keyboard too', async ({
  page,
}) => {
  await disk.request('files.write', { path: 'photo.txt', content: 'old', ifMatch: null })
  await openRepl(page, client, replId)
  await expect(treeItem(page, 'photo.txt')).toBeVisible()
  const upload = (content: string) =>
    pick(page, [
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

/** Files as somebody picks them. */
const picked = (files: Record<string, Buffer>) =>
  Object.entries(files).map(([name, buffer]) => ({ name, mimeType: 'application/octet-stream', buffer }))

test('an upload shows how far it is, and can be cancelled; the one that waits for it then begins', async ({ page }) => {
  await openRepl(page, client, replId)
  const uploads = page.getByRole('list', { name: 'Uploads' })
  await slowLine(page)
  await pick(page, picked({ 'slow.bin': Buffer.alloc(20 * SLOW_BYTES_PER_SECOND) }))
  await expect(uploads).toContainText('Uploading slow.bin')
  await pick(page, picked({ 'next.txt': Buffer.from('next') }))
  await expect(uploads).toContainText('Waiting to upload next.txt')
  const percent = async () =>
    Number(await page.getByRole('progressbar', { name: 'Upload of slow.bin' }).getAttribute('value'))
  await expect.poll(percent).toBeGreaterThan(0)
  expect(await percent()).toBeLessThan(100)
  expect(await asksBeforeLeaving(page)).toBe(true)

  const cancel = page.getByRole('button', { name: 'Cancel the upload of slow.bin' })
  expect((await cancel.boundingBox())?.height).toBeGreaterThanOrEqual(28)
  await cancel.focus()
  await page.keyboard.press('Enter')
  await expect(uploads).toContainText('Upload cancelled: "slow.bin" was not uploaded.')
  await expect(uploads.getByRole('button', { name: 'Dismiss' })).toBeFocused()
  await expect(treeItem(page, 'next.txt')).toBeVisible()
  expect(await onDisk(disk, 'next.txt')).toBe('next')
  await expect(treeItem(page, 'slow.bin')).toHaveCount(0)
  expect(await asksBeforeLeaving(page)).toBe(false)
  await page.keyboard.press('Enter')
  await expect(uploads).toBeHidden()
})

test('an upload whose line breaks says so, also to somebody who looks elsewhere, and is tried again', async ({
  page,
}) => {
  await openRepl(page, client, replId)
  const quickAgain = await slowLine(page)
  await pick(page, picked({ 'first.txt': Buffer.from('1'), 'then.bin': Buffer.alloc(20 * SLOW_BYTES_PER_SECOND) }))
  const uploads = page.getByRole('list', { name: 'Uploads' })
  await expect(uploads).toContainText('1 of 2')
  await page.getByRole('button', { name: 'Ports' }).click()
  running.line.cut()
  await page.getByRole('button', { name: 'Show in Files' }).click()
  await expect(uploads).toContainText('1 of 2 files was not uploaded.')
  await expect(uploads).toContainText('The connection broke while "then.bin" was on its way.')
  expect(await onDisk(disk, 'first.txt')).toBe('1')
  running.line.mend()
  await quickAgain()
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open')
  await uploads.getByRole('button', { name: 'Try again' }).click()
  await expect(treeItem(page, 'then.bin')).toBeVisible()
  await expect(uploads).toBeHidden()
})

/** Has the browser send so slowly that an upload can be looked at, until the answer is called. */
async function slowLine(page: Page): Promise<() => Promise<void>> {
  const devtools = await page.context().newCDPSession(page)
  const send = async (uploadThroughput: number): Promise<void> => {
    const rest = { offline: false, latency: 0, downloadThroughput: UNLIMITED }
    await devtools.send('Network.emulateNetworkConditions', { ...rest, uploadThroughput })
  }
  await send(SLOW_BYTES_PER_SECOND)
  return () => send(UNLIMITED)
}

/** Whether the browser would ask before the page goes. */
async function asksBeforeLeaving(page: Page): Promise<boolean> {
  return page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })))
}

test('a folder is uploaded with what is in it, and files go to where the menu was opened', async ({ page }, info) => {
  const folder = join(info.outputDir, 'project')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  writeFileSync(join(folder, 'a.txt'), 'a')
  writeFileSync(join(folder, 'sub', 'b.txt'), 'b')
  await openRepl(page, client, replId)
  await pick(page, folder, 'Upload a folder')
  await expect.poll(() => onDisk(disk, 'project/sub/b.txt')).toBe('b')
  expect(await onDisk(disk, 'project/a.txt')).toBe('a')

  const choosing = page.waitForEvent('filechooser')
  await treeItem(page, 'project').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Upload files here' }).click()
  await (await choosing).setFiles(picked({ 'here.txt': Buffer.from('here') }))
  await expect.poll(() => onDisk(disk, 'project/here.txt')).toBe('here')
})

test('several files are copied, cut and pasted by keys, and files from elsewhere are pasted too', async ({ page }) => {
  for (const path of ['clip/one.txt', 'clip/two.txt', 'clip/to/three.txt']) {
    await disk.request('files.write', { path, content: path, ifMatch: null })
  }
  await openRepl(page, client, replId)
  await treeItem(page, 'clip').click()
  await treeItem(page, 'one.txt').click()
  await treeItem(page, 'two.txt').click({ modifiers: ['Control'] })
  await page.keyboard.press('Control+c')
  await treeItem(page, 'to').click()
  await page.keyboard.press('Control+v')
  await expect.poll(() => onDisk(disk, 'clip/to/two.txt')).toBe('clip/two.txt')
  expect(await onDisk(disk, 'clip/to/one.txt')).toBe('clip/one.txt')
  expect(await onDisk(disk, 'clip/one.txt')).toBe('clip/one.txt')

  await treeItem(page, 'three.txt').click()
  await page.keyboard.press('Control+x')
  await treeItem(page, 'clip').click()
  await page.keyboard.press('Control+v')
  await expect.poll(() => onDisk(disk, 'clip/three.txt')).toBe('clip/to/three.txt')
  expect(await onDisk(disk, 'clip/to/three.txt')).toBeUndefined()

  await page.evaluate(() => {
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File(['picture'], 'image.png', { type: 'image/png' }))
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    )
  })
  await expect.poll(() => onDisk(disk, 'clip/image.png')).toBe('picture')
})
