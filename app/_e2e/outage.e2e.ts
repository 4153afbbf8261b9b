import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { connect, createRepl, signIn } from './_client.ts'
import { startOnLine } from './_line.ts'
import { look } from './_look.ts'
import { prompt, runInTerminal } from './_pages.ts'
import { editFile, editorText, onDisk, openRepl, runnersIn } from './_workbench.ts'
import type { Client } from './_client.ts'
import type { ServerOnLine } from './_line.ts'
import type { Server } from './_server.ts'

let running: ServerOnLine
let server: Server
let client: Client

test.beforeAll(async () => {
  running = await startOnLine({ SPARE_SANDBOXES: '0' })
  server = running.server
  client = await signIn(server.link)
})
test.afterAll(() => running[Symbol.asyncDispose]())

test('L13, D11: what is typed while offline arrives exactly once and in order', async ({ page }) => {
  const replId = await createRepl(client, 'empty')
  await openRepl(page, client, replId)
  await page.getByTestId('terminal').locator('textarea').focus()
  await page.keyboard.type('echo before >> log.txt\n')
  const disk = await connect(client, replId)
  await expect.poll(() => onDisk(disk, 'log.txt')).toBe('before\n')

  running.line.cut()
  await expect(page.getByTestId('reconnect-banner')).toBeVisible()
  const words = Array.from({ length: 20 }, (_, index) => `w${index}`)
  for (const word of words) await page.keyboard.type(`echo ${word} >> log.txt\n`)
  await expect(page.getByTestId('terminal')).toContainText('characters typed, sent when the connection is back')
  expect(await onDisk(disk, 'log.txt')).toBe('before\n')

  running.line.mend()
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open')
  await runInTerminal(page, 'echo after >> log.txt')
  await expect.poll(() => onDisk(disk, 'log.txt')).toBe(['before', ...words, 'after', ''].join('\n'))
  await expect(page.getByTestId('reconnect-banner')).toHaveCount(0)
  disk.close()
})

test('two tabs that typed into one file without a line, and were closed: both texts are there', async ({
  page: one,
}) => {
  const replId = await createRepl(client, 'empty')
  await openRepl(one, client, replId)
  const other = await one.context().newPage()
  await openRepl(other, client, replId)
  await editFile(one, 'README.md')
  await editFile(other, 'README.md')
  running.line.cut()
  await leaveDraft(one, 'in one tab')
  await leaveDraft(other, 'in the other')
  running.line.mend()

  const disk = await connect(client, replId)
  const after = await one.context().newPage()
  await openRepl(after, client, replId)
  await expect(editorText(after)).toHaveText('in the other')
  await expect.poll(() => onDisk(disk, 'README.md')).toBe('in the other')
  await after.reload()
  await expect(editorText(after)).toHaveText('in one tab')
  await expect(after.getByTestId('save-state')).toHaveAttribute('data-state', 'attention')
  await look(after, 'draft-of-another-tab')
  await after.getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(() => onDisk(disk, 'README.md')).toBe('in one tab')
  await expect.poll(() => draftsIn(after)).toEqual([])
  disk.close()
})

test('a way back that nobody answers is said, and can be begun anew', async ({ page }) => {
  const replId = await createRepl(client, 'empty')
  await openRepl(page, client, replId)
  running.line.hang()
  const banner = page.getByTestId('reconnect-banner')
  await expect(banner).toContainText('Reconnecting. What you type is kept.')
  await look(page, 'reconnecting')
  const { swallowed } = running.line
  await banner.getByRole('button', { name: 'Retry now' }).click()
  await expect.poll(() => running.line.swallowed).toBeGreaterThan(swallowed)
  running.line.cut()
  running.line.mend()
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open')
  await expect(banner).toHaveCount(0)
})

test('a runner killed under an open page: the page says so, and goes on with a new terminal', async ({ page }) => {
  const replId = await createRepl(client, 'empty')
  await openRepl(page, client, replId)
  await editFile(page, 'README.md')
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('typed before\n')
  await expect(page.getByTestId('save-state')).toHaveAttribute('data-state', /^(saved|backed-up)/)
  for (const pid of runnersIn(server.dataFolder)) process.kill(pid, 'SIGKILL')

  await expect(page.getByText('The REPL was restarted.').first()).toBeVisible({ timeout: 30_000 })
  await prompt(page)
  const terminal = await runInTerminal(page, 'cat README.md; echo again-$((40 + 2))')
  await expect(terminal).toContainText('typed before')
  await expect(terminal).toContainText('again-42')
})

/** Types into the open file in place of its text, and closes the page when the browser keeps that. */
async function leaveDraft(page: Page, text: string): Promise<void> {
  await page.bringToFront()
  await expect(page.getByTestId('reconnect-banner')).toBeVisible()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await expect.poll(() => draftsIn(page)).toContain(text)
  await page.close()
}

/** The unsaved texts that the browser keeps. */
function draftsIn(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('devex-drafts')
        opening.addEventListener('error', () => reject(opening.error ?? new Error('no database')))
        opening.addEventListener('success', () => {
          const reading = opening.result.transaction('drafts').objectStore('drafts').getAll()
          reading.addEventListener('error', () => reject(reading.error ?? new Error('no drafts')))
          reading.addEventListener('success', () => {
            opening.result.close()
            resolve(reading.result.map(({ content }) => String(content)))
          })
        })
      }),
  )
}
