import { expect } from '@playwright/test'
import type { Locator, Page } from '@playwright/test'
import type { Server } from './_server.ts'

/** Signs a browser in through the printed one-time URL. */
export async function signInHere(page: Page, server: Server): Promise<void> {
  await page.goto(server.link)
  await page.getByRole('button', { name: 'Continue on this machine' }).click()
  await expect(page).toHaveURL(`${server.url}/repls`)
}

/** Makes a REPL from a template in the dashboard's dialog; resolves when its terminal shows a prompt. */
export async function createInDialog(page: Page, template: string): Promise<void> {
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: new RegExp(`^${template}`) }).check()
  await dialog.getByRole('button', { name: /^create/i }).click()
  await expect(page).toHaveURL(/\/r\/[a-z0-9]{16}$/)
  await prompt(page)
}

/** The text of the terminal in view, once it has a prompt. */
export async function prompt(page: Page): Promise<Locator> {
  const rows = page.getByTestId('terminal').locator('.xterm-rows')
  await expect(rows).toContainText(/\/workspace [$#]/, { timeout: 30_000 })
  return rows
}

/** Types a command into the terminal in view. */
export async function runInTerminal(page: Page, command: string): Promise<Locator> {
  const rows = await prompt(page)
  await page.getByTestId('terminal').locator('textarea').focus()
  await page.keyboard.type(`${command}\n`)
  return rows
}

/** Replaces everything in a file, through the editor, as a person would. */
export async function rewriteFile(page: Page, name: string, text: string): Promise<void> {
  await page.getByRole('tree', { name: 'Files' }).getByText(name, { exact: true }).click()
  const editor = page.getByRole('region', { name: 'Editor' })
  await expect(editor.locator('.view-line').first()).toBeVisible()
  await editor
    .locator('.monaco-editor textarea, .monaco-editor [contenteditable], .native-edit-context')
    .first()
    .focus()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await expect(page.getByTestId('save-state')).toHaveAttribute('data-state', /^(saved|backed-up)/)
}

/** Terminals drawn as DOM, so that a test can read them. */
export async function readableTerminals(page: Page): Promise<void> {
  await page.addInitScript(() => {
    // Not in frames: a preview is somebody else's page.
    if (window === window.top) localStorage.setItem('devex.terminal.renderer', 'dom')
  })
}
