import { expect } from '@playwright/test'
import { createInDialog, prompt, readableTerminals, rewriteFile, runInTerminal } from './_pages.ts'
import type { Browser, Page } from '@playwright/test'

/** What somebody makes in the first hour. */
export interface Journey {
  template: string
  file: string
  port: number
  command: string
  /** A program that serves `text`. */
  program: (text: string) => string
}

export const NODE: Journey = {
  template: 'Node.js',
  file: 'index.js',
  port: 3000,
  command: 'node index.js',
  program: (text) =>
    `import { createServer } from 'node:http'\ncreateServer((_, r) => r.end('<h1>${text}</h1>')).listen(process.env.PORT ?? 3000)\n`,
}

export const PYTHON: Journey = {
  template: 'Python',
  file: 'main.py',
  port: 8000,
  command: 'python3 main.py',
  program: (text) =>
    [
      // Without indented lines: the editor would indent them once more.
      'import http.server, os',
      `answer = lambda self: (self.send_response(200), self.end_headers(), self.wfile.write(b"<h1>${text}</h1>"))`,
      'Handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {"do_GET": answer})',
      'http.server.HTTPServer(("", int(os.environ.get("PORT", 8000))), Handler).serve_forever()',
      '',
    ].join('\n'),
}

async function openPreview(page: Page, port: number): Promise<void> {
  await page.getByRole('button', { name: 'Ports', exact: true }).click()
  await page.getByRole('button', { name: `Preview port ${port}` }).click()
}

async function makeViewerLink(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('switch', { name: 'Works without signing in' }).click()
  await page.getByRole('button', { name: 'Create link' }).click()
  const link = await page.getByRole('textbox', { name: 'Share link' }).inputValue()
  return link
}

/** From the dashboard to a shared preview, and back after a stop: the page is signed in and shows readable terminals. */
export async function firstHour(page: Page, browser: Browser, journey: Journey): Promise<void> {
  await createInDialog(page, journey.template)

  await rewriteFile(page, journey.file, journey.program('edited by hand'))
  await runInTerminal(page, journey.command)
  await openPreview(page, journey.port)
  const preview = page.frameLocator('iframe[title^="Preview"]')
  await expect(preview.getByRole('heading', { name: 'edited by hand' })).toBeVisible()

  await page.getByRole('button', { name: 'REPL menu' }).click()
  await page.getByRole('menuitem', { name: 'Stop REPL' }).click()
  await expect(page.getByTestId('repl-gate')).toContainText('sleeping')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  // The old terminal stays in view until the new sandbox has one.
  await expect(page.getByTestId('terminal').locator('.xterm-rows')).not.toContainText(journey.command)
  const terminal = await runInTerminal(page, `cat ${journey.file}`)
  await expect(terminal).toContainText('edited by hand')

  const link = await makeViewerLink(page)
  const context = await browser.newContext()
  const viewer = await context.newPage()
  await readableTerminals(viewer)
  await viewer.goto(link)
  await expect(viewer).toHaveURL(/\/r\/[a-z0-9]{16}$/)
  const watched = await prompt(viewer)
  await page.keyboard.press('Escape')
  await runInTerminal(page, 'echo seen-$((40 + 2))')
  await expect(watched).toContainText('seen-42')
  await viewer.getByTestId('terminal').locator('textarea').focus()
  await viewer.keyboard.type('echo typed-$((1 + 1))\n')
  await runInTerminal(page, 'echo after-$((40 + 3))')
  await expect(watched).toContainText('after-43')
  expect(await watched.textContent()).not.toContain('typed-')

  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('button', { name: 'Revoke the viewer link' }).click()
  await expect(viewer.getByTestId('connection-state')).not.toHaveAttribute('data-state', 'open', { timeout: 5_000 })
  await expect(viewer.getByText('Your access to this REPL was removed')).toBeVisible()
  await viewer.goto(link)
  await expect(viewer.getByRole('main')).toContainText(/revoked|expired|no longer/i)
  await context.close()
}
