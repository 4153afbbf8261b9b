import { expect, test } from '@playwright/test'
import { openRoom } from './_room.ts'
import { openRepl } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Room } from './_room.ts'

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

const tabs = (page: Page): Locator => page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
/** The terminals on the screen, from the left. */
const shown = (page: Page, at: number): Locator => page.getByTestId('terminal').nth(at)
const keys = (page: Page, at: number): Locator => shown(page, at).locator('textarea')
const rows = (page: Page, at: number): Locator => shown(page, at).locator('.xterm-rows')

/** Closes all terminals but one fresh one, and opens the page anew. */
async function openWithOne(page: Page): Promise<void> {
  const { terminals } = await room.disk.request('terminal.list', {})
  await room.disk.request('terminal.create', { cols: 80, rows: 24 })
  for (const { id } of terminals) await room.disk.request('terminal.close', { terminal: id })
  await openRepl(page, room.client, room.replId)
}

async function type(page: Page, at: number, command: string): Promise<void> {
  await keys(page, at).focus()
  await page.keyboard.type(`${command}\n`)
}

test('terminals are split side by side, each with its keyboard, and a reload brings them back', async ({ page }) => {
  await openWithOne(page)
  await type(page, 0, 'mkdir -p deep && cd deep && NAME=left && echo left-$((40 + 2))')
  await expect(rows(page, 0)).toContainText('left-42')
  await page.keyboard.press('Control+Shift+5')
  await expect(keys(page, 1)).toBeFocused()
  await expect(rows(page, 1)).toContainText('/workspace/deep')
  await page.keyboard.type('echo "[$NAME]"right-$((40 + 3))\n')
  await expect(rows(page, 1)).toContainText('[]right-43')
  await expect(rows(page, 0)).toContainText('left-42')

  await page.keyboard.press('Alt+3')
  await expect(keys(page, 0)).toBeFocused()
  await page.keyboard.press('Alt+4')
  await expect(keys(page, 1)).toBeFocused()
  await shown(page, 0).locator('.xterm-screen').click()
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')

  const divider = page.getByRole('separator', { name: 'Width of terminal 1' })
  await divider.focus()
  const before = await shown(page, 0).boundingBox()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await shown(page, 0).boundingBox())?.width).toBeLessThan(before?.width ?? 0)
  const narrow = await shown(page, 0).boundingBox()

  await page.reload()
  await expect(rows(page, 0)).toContainText('left-42')
  await expect(rows(page, 1)).toContainText('right-43')
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')
  expect(await shown(page, 0).boundingBox()).toEqual(narrow)

  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(tabs(page)).toHaveCount(3)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await tabs(page).first().click()
  await expect(page.getByTestId('terminal')).toHaveCount(2)
  await page.getByRole('button', { name: /^Close bash/ }).click()
  await expect(tabs(page)).toHaveCount(2)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await expect(rows(page, 0)).toContainText('right-43')
})

test('a phone shows one of the terminals that stand side by side', async ({ page }) => {
  await openWithOne(page)
  await page.getByRole('button', { name: 'Split terminal' }).click()
  await expect(page.getByTestId('terminal')).toHaveCount(2)
  await page.setViewportSize({ width: 390, height: 844 })
  await expect(tabs(page)).toHaveCount(2)
  await expect(page.getByTestId('terminal')).toHaveCount(1)
  await tabs(page).first().click()
  await expect(tabs(page).first()).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByTestId('terminal')).toHaveCount(1)
})

test('a shell is begun anew in its tab and folder, once somebody lets the program in it end', async ({ page }) => {
  await openWithOne(page)
  await type(page, 0, 'mkdir -p deep && cd deep && NAME=old && echo now-$((40 + 2)) && sleep 1000')
  await expect(rows(page, 0)).toContainText('now-42')
  const restart = async (): Promise<void> => {
    await tabs(page).first().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Restart shell' }).click()
  }
  await restart()
  const dialog = page.getByRole('dialog', { name: /^Restart bash/ })
  await expect(dialog.getByRole('list', { name: 'What runs in it' })).toHaveText('sleep 1000')
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await dialog.getByRole('button', { name: 'Restart and end it' }).click()
  await expect(rows(page, 0)).toContainText(/sleep 1000[^]*\/workspace\/deep/)
  await type(page, 0, 'echo "[$NAME]"new-$((40 + 3))')
  await expect(rows(page, 0)).toContainText('[]new-43')
  await expect(rows(page, 0)).toContainText('now-42')
  await expect(tabs(page)).toHaveCount(1)

  await type(page, 0, 'exit')
  await page.getByRole('button', { name: 'New shell' }).click()
  await expect(page.getByRole('button', { name: 'New shell' })).toBeHidden()
  await type(page, 0, 'echo again-$((40 + 4))')
  await expect(rows(page, 0)).toContainText('again-44')
})

test('a path in the output opens the file at its place: coloured, wrapped, from the folder of the shell', async ({
  page,
}) => {
  const text = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`).join('\n')
  await room.disk.request('files.write', { path: 'deep/long.txt', content: text, ifMatch: null })
  await openWithOne(page)
  await type(page, 0, `cd deep; clear; printf '\\033[31mlong.txt:7:3\\033[0m no.txt:1\\n'`)
  await expect(rows(page, 0)).toContainText('long.txt:7:3 no.txt:1')
  await follow(page, 'long.txt:7:3', 'deep/long.txt')
  await expect(page.getByText('Ln 7, Col 3')).toBeVisible()

  // Over the edge of the screen: its second half stands at the beginning of the next row.
  await type(page, 0, `clear; printf '%*s%s\\n' $((COLUMNS - 6)) '' /workspace/deep/long.txt:12:1`)
  await follow(page, /^pace\/deep\/long\.txt:12:1/, 'deep/long.txt')
  await expect(page.getByText('Ln 12, Col 1')).toBeVisible()

  await type(page, 0, `clear; echo no.txt:1`)
  const missing = rows(page, 0).getByText('no.txt:1').last()
  await missing.hover({ force: true })
  await page.keyboard.down('Control')
  await missing.click({ force: true })
  await page.keyboard.up('Control')
  await expect(page.getByText('Ln 12, Col 1')).toBeVisible()
})

test('what is selected is copied where somebody wants that, and by Ctrl+Shift+C', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openWithOne(page)
  const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText())
  await page.evaluate(() => navigator.clipboard.writeText('before'))
  await type(page, 0, 'clear; echo wo""rds')
  await rows(page, 0)
    .getByText('words', { exact: true })
    .dblclick({ force: true, position: { x: 10, y: 8 } })
  expect(await copied()).toBe('before')
  await page.keyboard.press('Control+Shift+C')
  await expect.poll(copied).toBe('words')

  await page.evaluate(() => window.localStorage.setItem('devex.copiesOnSelect', 'true'))
  await page.reload()
  await type(page, 0, 'clear; echo oth""ers')
  await rows(page, 0)
    .getByText('others', { exact: true })
    .dblclick({ force: true, position: { x: 10, y: 8 } })
  await expect.poll(copied).toBe('others')
})

test('a finger copies from the output as text, and pastes by a button', async ({ page, context }) => {
  await openWithOne(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: 'Terminal' }).click()
  await type(page, 0, 'clear; printf %0100d-end 7')
  await expect(rows(page, 0)).toContainText('7-end')
  const bar = page.getByRole('toolbar', { name: 'Terminal keys' })
  await bar.getByRole('button', { name: 'Paste' }).click()
  await expect(page.getByText('The browser does not let this page read the clipboard', { exact: true })).toBeVisible()

  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await bar.getByRole('button', { name: 'Copy' }).click()
  const dialog = page.getByRole('dialog', { name: /^Text of bash/ })
  await expect(dialog.getByRole('textbox')).toHaveValue(new RegExp(`0{99}7-end`))
  await dialog.getByRole('button', { name: 'Copy all' }).click()
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('7-end')
  await dialog.getByRole('button', { name: 'Close' }).first().click()

  await page.evaluate(() => navigator.clipboard.writeText('echo pas""ted'))
  await bar.getByRole('button', { name: 'Paste' }).click()
  await keys(page, 0).press('Enter')
  await expect(rows(page, 0)).toContainText('pasted')
})

test('the bar sends the keys that the program asks for, and leaves the focus where it is', async ({ page }) => {
  await openWithOne(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: 'Terminal' }).click()
  const bar = page.getByRole('toolbar', { name: 'Terminal keys' })
  const tap = (name: string): Promise<void> => bar.getByRole('button', { name, exact: true }).click()
  await type(page, 0, "clear; cat -v; printf '\\e[?1h'; cat -v; printf '\\e[?1l'")
  await tap('Up')
  await keys(page, 0).press('Enter')
  await expect(rows(page, 0)).toContainText('^[[A')
  await tap('Ctrl')
  await expect(bar.getByRole('button', { name: 'Ctrl', exact: true })).toHaveAttribute('aria-pressed', 'true')
  await expect(keys(page, 0)).toBeFocused()
  await tap('Ctrl D')
  await tap('Up')
  await keys(page, 0).press('Enter')
  await expect(rows(page, 0)).toContainText('^[OA')
})

test('a screen of the size of another window is drawn whole, and as large as wanted once somebody types here', async ({
  page,
  context,
}) => {
  await openWithOne(page)
  await type(page, 0, 'clear; echo he""re')
  const small = await context.newPage()
  await small.setViewportSize({ width: 1200, height: 800 })
  await openRepl(small, room.client, room.replId)
  await keys(page, 0).focus()
  await page.keyboard.type('printf "%$((COLUMNS - 4))s\\n" e""dge\n')
  const edge = rows(small, 0).getByText(/ edge$/)
  await expect(edge).toBeVisible()
  const isWhole = (of: Page): Promise<boolean> =>
    shown(of, 0)
      .locator('.xterm')
      .evaluate((xterm) => {
        const screen = xterm.querySelector('.xterm-screen')?.getBoundingClientRect()
        const pane = xterm.parentElement?.getBoundingClientRect()
        return screen !== undefined && pane !== undefined && screen.right <= pane.right && screen.bottom <= pane.bottom
      })
  const fontSize = (of: Page): Promise<number> =>
    rows(of, 0).evaluate((element) => Number.parseFloat(window.getComputedStyle(element).fontSize))
  await expect.poll(() => isWhole(small)).toBe(true)
  expect(await fontSize(small)).toBeLessThan(13)
  expect(await fontSize(page)).toBe(13)

  await type(small, 0, 'echo th""ere')
  await expect(rows(page, 0)).toContainText('there')
  await expect.poll(() => fontSize(small)).toBe(13)
  expect(await isWhole(small)).toBe(true)
  await expect.poll(() => isWhole(page)).toBe(true)
})

/** Points at a path in the output until it has become a link, and follows that. */
async function follow(page: Page, written: string | RegExp, file: string): Promise<void> {
  const place = await rows(page, 0).getByText(written).last().boundingBox()
  if (place === null) throw new Error(`The terminal does not show ${String(written)}.`)
  const [x, y] = [place.x + 20, place.y + place.height / 2]
  await page.mouse.move(x + 4, y)
  await page.mouse.move(x, y)
  await expect(shown(page, 0).locator('.xterm')).toHaveAttribute('title', `Ctrl+click to open ${file}`)
  await page.keyboard.down('Control')
  await page.mouse.click(x, y)
  await page.keyboard.up('Control')
}
