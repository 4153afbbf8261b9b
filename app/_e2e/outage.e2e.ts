import { expect, test } from '@playwright/test'
import { connect, createRepl, signIn } from './_client.ts'
import { startOnLine } from './_line.ts'
import { look } from './_look.ts'
import { prompt, runInTerminal } from './_pages.ts'
import { editFile, onDisk, openRepl, runnersIn } from './_workbench.ts'
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

test('a way back that nobody answers is said, and can be begun anew', async ({ page }) => {
  const replId = await createRepl(client, 'empty')
  await openRepl(page, client, replId)
  running.line.hang()
  const banner = page.getByTestId('reconnect-banner')
  await expect(banner).toContainText('Reconnecting. What you type is kept.')
  await look(page, 'reconnecting')
  running.line.mend()
  await banner.getByRole('button', { name: 'Retry now' }).click()
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
