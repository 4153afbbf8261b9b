import { readFileSync, readdirSync } from 'node:fs'
import { expect } from '@playwright/test'
import type { Locator, Page } from '@playwright/test'
import { z } from 'zod'
import { prompt, readableTerminals } from './_pages.ts'
import type { Client, Connection } from './_client.ts'

/** Gives a browser somebody's session, without the way through the sign-in page. */
export async function actAs(page: Page, client: Client): Promise<void> {
  const cookies = client.cookie.split('; ').map((cookie) => {
    const [name = '', value = ''] = cookie.split(/=(.*)/s)
    return { name, value, url: client.url }
  })
  await page.context().addCookies(cookies)
}

/** Opens a REPL's page as `client`; resolves when its terminal shows a prompt. */
export async function openRepl(page: Page, client: Client, replId: string): Promise<void> {
  await actAs(page, client)
  await readableTerminals(page)
  await page.goto(`${client.url}/r/${replId}`)
  await prompt(page)
}

/** A file or folder in the tree. */
export function treeItem(page: Page, name: string): Locator {
  return page
    .getByRole('tree', { name: 'Files' })
    .getByRole('treeitem')
    .filter({ has: page.getByText(name, { exact: true }) })
}

/** Opens a file by its name in the tree and puts the cursor into it; resolves with what receives keys. */
export async function editFile(page: Page, name: string): Promise<Locator> {
  await treeItem(page, name).dblclick()
  await expect(page.getByRole('tab', { name, exact: true })).toHaveAttribute('aria-selected', 'true')
  const editor = page.getByRole('region', { name: 'Editor' })
  await expect(editor.locator('.view-line').first()).toBeVisible()
  const keys = editor.locator('.native-edit-context, .monaco-editor textarea').first()
  await keys.focus()
  return keys
}

/** The text in the editor, as far as it is in view. */
export function editorText(page: Page): Locator {
  return page.getByRole('region', { name: 'Editor' }).locator('.view-lines')
}

/** A text file on the REPL's disk; `undefined` where there is none. */
export async function onDisk(connection: Connection, path: string): Promise<string | undefined> {
  const file = await connection.request('files.read', { path }).catch(() => undefined)
  return file?.kind === 'text' ? file.content : undefined
}

/** The runners of a data folder, as its sandboxes' records name them. */
export function runnersIn(dataFolder: string): number[] {
  const process = z.object({ pid: z.int() })
  const record = z.object({ parts: z.object({ runner: z.object({ main: process, init: process.optional() }) }) })
  return readdirSync(`${dataFolder}/sandboxes`).map((sandbox) => {
    const file = readFileSync(`${dataFolder}/sandboxes/${sandbox}/sandbox.json`, 'utf8')
    const { runner } = record.parse(JSON.parse(file)).parts
    return (runner.init ?? runner.main).pid
  })
}
