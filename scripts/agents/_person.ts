import { chromium } from '@playwright/test'
import { actAs } from '../../app/_e2e/_workbench.ts'
import { findBrowser } from '../browser.ts'
import type { Client } from '../../app/_e2e/_client.ts'

const LET_IN_LIMIT_MS = 20_000

/** Somebody signed in, at a browser. */
export interface Person extends AsyncDisposable {
  /** Opens what an agent printed, and lets it in; `without` names what it may not do. */
  letIn(url: string, without?: readonly string[]): Promise<void>
}

/** Starts a browser in which `client` is signed in. */
export async function startPerson(client: Client): Promise<Person> {
  const executablePath = await findBrowser()
  if (executablePath === undefined) throw new Error('There is no Chromium to sign in with.')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  return {
    async letIn(url, without = []) {
      await using context = await browser.newContext()
      const page = await context.newPage()
      await actAs(page, client)
      await page.goto(url)
      for (const scope of without) await page.getByRole('switch', { name: scope }).click()
      await page.getByRole('button', { name: 'Let it in' }).click()
      await page.waitForURL(/^http:\/\/(localhost|127\.0\.0\.1):\d+\/.*[?&]code=/, { timeout: LET_IN_LIMIT_MS })
      await page.waitForLoadState()
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
