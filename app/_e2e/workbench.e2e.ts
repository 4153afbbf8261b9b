import { expect, test } from '@playwright/test'
import { prompt, runInTerminal } from './_pages.ts'
import { createRepl } from './_client.ts'
import { openRoom } from './_room.ts'
import { editFile, editorText, onDisk, openRepl, treeItem } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Room } from './_room.ts'

/** Far below the wait of the autosave, far above what a key handler takes. */
const AT_ONCE_MS = 200

let room: Room
test.beforeAll(async () => {
  room = await openRoom('node')
})
test.afterAll(() => room[Symbol.asyncDispose]())

async function chooseInTree(page: Page, name: string, action: string): Promise<void> {
  await treeItem(page, name).click({ button: 'right' })
  // With its key, where it has one.
  await page.getByRole('menuitem', { name: new RegExp(`^${action}(?: Ctrl.*)?$`) }).click()
}

function terminalTabs(page: Page): Locator {
  return page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
}

test('U1: Ctrl+S writes at once, and the page says so', async ({ page }) => {
  await room.disk.request('files.write', { path: 'saved.txt', content: '', ifMatch: null })
  await page.addInitScript(() => {
    const times = { pressed: 0, sent: 0 }
    Object.assign(window, { times })
    window.WebSocket = class extends WebSocket {
      override send(data: Parameters<WebSocket['send']>[0]): void {
        if (typeof data === 'string' && data.includes('"files.write"')) times.sent ||= performance.now()
        super.send(data)
      }
    }
    const onKeyDown = ({ key }: KeyboardEvent): void => {
      if (key === 's') times.pressed = performance.now()
    }
    window.addEventListener('keydown', onKeyDown, { capture: true })
  })
  await openRepl(page, room.client, room.replId)
  await editFile(page, 'saved.txt')
  await page.keyboard.insertText('typed')
  await page.keyboard.press('Control+s')
  await expect(page.getByTestId('save-state')).toHaveAttribute('data-state', /^(saved|backed-up)/)
  expect(await onDisk(room.disk, 'saved.txt')).toBe('typed')
  const tookMs = await page.evaluate(() => {
    const { times } = Object.assign({ times: { pressed: 0, sent: 0 } }, window)
    return times.sent - times.pressed
  })
  expect(tookMs).toBeLessThan(AT_ONCE_MS)
})

test('U1, U5: F5 really runs the project, the preview opens beside it, and Stop ends it', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  await page.keyboard.press('F5')
  const stop = page.getByRole('button', { name: 'Stop', exact: true })
  await expect(stop).toBeVisible()
  const preview = page.frameLocator('iframe[title^="Preview"]')
  await expect(preview.locator('body')).toContainText(/\w/)
  expect((await room.disk.request('ports.list', {})).ports.map(({ port }) => port)).toContain(3000)
  const root = preview.locator('html')
  const loadedAt = await root.evaluate(() => performance.timeOrigin)
  await page.getByRole('button', { name: 'Size of the preview: Fill the panel' }).click()
  await page.getByRole('menuitemradio', { name: /^Phone/ }).click()
  await expect.poll(() => root.evaluate(() => [window.innerWidth, window.innerHeight])).toEqual([390, 844])
  expect(await root.evaluate(() => performance.timeOrigin)).toBe(loadedAt)
  await page.screenshot({ path: '.build/screens/preview-phone.png' })
  await page.getByRole('button', { name: 'Size of the preview: Phone' }).click()
  await page.getByRole('menuitemradio', { name: 'Fill the panel' }).click()
  await stop.click()
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeVisible()
  await expect.poll(async () => (await room.disk.request('ports.list', {})).ports).toEqual([])
})

test('Find in terminal takes what is typed; the shell gets none of it', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  await runInTerminal(page, 'echo needle-in-hay')
  await editFile(page, 'index.js')
  await page.keyboard.press('Alt+f')
  const box = page.getByRole('textbox', { name: 'Find in terminal' })
  await expect(box).toBeFocused()
  await page.keyboard.type('needle')
  await expect(box).toHaveValue('needle')
  await expect(box).toBeFocused()
})

test('the keyboard is where it was once a palette or a dialog closes', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  const isWithin = (selector: string) =>
    page.evaluate((within) => document.activeElement?.closest(within) != null, selector)
  for (const [within, keys] of [
    ['.monaco-editor', ['Control+Shift+p', 'Control+p', 'Alt+c']],
    ['.xterm', ['Control+Shift+p']],
  ] as const) {
    await (within === '.xterm' ? page.keyboard.press('Alt+2') : editFile(page, 'index.js'))
    await expect.poll(() => isWithin(within)).toBe(true)
    for (const key of keys) {
      await page.keyboard.press(key)
      await expect(page.getByRole('dialog')).toBeVisible()
      await page.keyboard.press('Escape')
      await expect(page.getByRole('dialog')).toBeHidden()
      await expect.poll(() => isWithin(within), key).toBe(true)
    }
  }
  // The file that is shown already takes the keyboard too.
  await page.keyboard.press('Control+Shift+e')
  await page.keyboard.press('Control+p')
  await page.keyboard.type('index.js')
  await page.keyboard.press('Enter')
  await expect.poll(() => isWithin('.monaco-editor')).toBe(true)
})

test('Ctrl+Shift+backquote makes a terminal, and hides none', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  const before = await page.getByRole('tab', { name: /^bash/ }).count()
  await page.keyboard.press('Alt+2')
  await page.keyboard.press('Control+Shift+Backquote')
  await expect(page.getByRole('tab', { name: /^bash/ })).toHaveCount(before + 1)
  await expect(page.getByTestId('terminal').last()).toBeVisible()
})

test('closing a terminal in which a program runs asks first; one that waits at its prompt closes', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  const before = await terminalTabs(page).count()
  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(terminalTabs(page)).toHaveCount(before + 1)
  const name = (await terminalTabs(page).last().textContent()) ?? ''
  const rows = await runInTerminal(page, 'echo now-$((40 + 2)); sleep 1000')
  await expect(rows).toContainText('now-42')
  const close = page.getByRole('button', { name: `Close ${name}`, exact: true })
  const dialog = page.getByRole('dialog', { name: `Close ${name}?` })
  await close.click()
  await expect(dialog.getByRole('list', { name: 'What runs in it' })).toHaveText('sleep 1000')
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await expect(terminalTabs(page)).toHaveCount(before + 1)

  await close.click()
  await dialog.getByRole('button', { name: 'Close and end it' }).click()
  await expect(terminalTabs(page)).toHaveCount(before)

  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(terminalTabs(page)).toHaveCount(before + 1)
  await prompt(page)
  await page.getByRole('button', { name: /^Close bash/ }).click()
  await expect(terminalTabs(page)).toHaveCount(before)
})

test('a screen reader hears what a terminal prints, where a person wants that', async ({ page }) => {
  const heard = page.getByTestId('terminal').locator('.xterm-accessibility')
  await openRepl(page, room.client, room.replId)
  await runInTerminal(page, 'echo before')
  await expect(heard).toHaveCount(0)
  await page.goto(`${room.server.url}/settings`)
  await page.getByRole('switch', { name: 'Read terminals aloud' }).click()
  await openRepl(page, room.client, room.replId)
  await runInTerminal(page, 'echo said-$((40 + 2))')
  await expect(heard).toContainText('said-42')
})

test.describe('in a browser on Windows', () => {
  test.use({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36' })

  test('lines end as on the machine of the REPL, and as they did in a file from Windows', async ({ page }) => {
    await room.disk.request('files.write', { path: 'empty.sh', content: '', ifMatch: null })
    await room.disk.request('files.write', { path: 'windows.txt', content: 'a\r\nb', ifMatch: null })
    await openRepl(page, room.client, room.replId)
    await editFile(page, 'empty.sh')
    await page.keyboard.type('one')
    await page.keyboard.press('Enter')
    await page.keyboard.type('two')
    await page.keyboard.press('Control+s')
    await expect.poll(() => onDisk(room.disk, 'empty.sh')).toBe('one\ntwo')
    await editFile(page, 'windows.txt')
    await page.keyboard.press('Control+End')
    await page.keyboard.press('Enter')
    await page.keyboard.type('c')
    await page.keyboard.press('Control+s')
    await expect.poll(() => onDisk(room.disk, 'windows.txt')).toBe('a\r\nb\r\nc')
  })
})

test('U2: duplicate, copy, cut and paste in the tree reach the disk', async ({ page }) => {
  await room.disk.request('files.write', { path: 'one.txt', content: 'one\n', ifMatch: null })
  await room.disk.request('files.mkdir', { path: 'folder' })
  await openRepl(page, room.client, room.replId)
  await chooseInTree(page, 'one.txt', 'Duplicate')
  await expect(treeItem(page, 'one copy.txt')).toBeVisible()
  expect(await onDisk(room.disk, 'one copy.txt')).toBe('one\n')
  await chooseInTree(page, 'one.txt', 'Copy')
  await chooseInTree(page, 'folder', 'Paste')
  await expect.poll(() => onDisk(room.disk, 'folder/one.txt')).toBe('one\n')
  await chooseInTree(page, 'one copy.txt', 'Cut')
  await chooseInTree(page, 'folder', 'Paste')
  await expect.poll(() => onDisk(room.disk, 'folder/one copy.txt')).toBe('one\n')
  await expect(treeItem(page, 'one copy.txt')).toHaveCount(0)
  expect(await onDisk(room.disk, 'one copy.txt')).toBeUndefined()
  expect(await onDisk(room.disk, 'one.txt')).toBe('one\n')
})

test('L16: what one page has copied is no other page’s to paste', async ({ page, context }) => {
  await room.disk.request('files.write', { path: 'mine.txt', content: 'mine\n', ifMatch: null })
  await openRepl(page, room.client, room.replId)
  const other = await context.newPage()
  await openRepl(other, room.client, room.replId)
  await chooseInTree(page, 'mine.txt', 'Copy')
  await treeItem(other, 'mine.txt').click({ button: 'right' })
  await expect(other.getByRole('menuitem', { name: 'Paste' })).toBeDisabled()
})

test('U3: "?" typed in the editor and in a terminal is text; elsewhere it opens the keys', async ({ page }) => {
  await room.disk.request('files.write', { path: 'why.txt', content: '', ifMatch: null })
  await openRepl(page, room.client, room.replId)
  const terminal = await runInTerminal(page, 'echo why?')
  await expect(terminal).toContainText(/why\?\s*why\?/)
  await editFile(page, 'why.txt')
  await page.keyboard.type('why?')
  await expect(editorText(page)).toContainText('why?')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.getByRole('button', { name: 'Files', exact: true }).focus()
  await page.keyboard.type('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
})

const MAC = { platform: 'MacIntel', system: 'Macintosh; Intel Mac OS X 10_15_7', option: 1 }
const WINDOWS = { platform: 'Win32', system: 'Windows NT 10.0; Win64; x64', altGr: 3 }

/** Lets a page believe that it is on another system; answers how to type an `@` there, with the 2 and what is `held`. */
async function pretend(page: Page, on: { platform: string; system: string }, held: number) {
  const devtools = await page.context().newCDPSession(page)
  const userAgent = `Mozilla/5.0 (${on.system}) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36`
  await devtools.send('Emulation.setUserAgentOverride', { userAgent, platform: on.platform })
  return async () => {
    const at = { modifiers: held, key: '@', code: 'Digit2', windowsVirtualKeyCode: 50 }
    await devtools.send('Input.dispatchKeyEvent', { ...at, type: 'keyDown', text: '@' })
    await devtools.send('Input.dispatchKeyEvent', { ...at, type: 'keyUp' })
  }
}

test('U3: what Option types on a Mac is text in the editor and in a terminal; with Control it is a command', async ({
  page,
}) => {
  await room.disk.request('files.write', { path: 'mac.txt', content: '', ifMatch: null })
  const typeAt = await pretend(page, MAC, MAC.option)
  await openRepl(page, room.client, room.replId)
  await editFile(page, 'mac.txt')
  await typeAt()
  await expect(editorText(page)).toContainText('@')
  await page.keyboard.press('Control+Alt+2')
  await page.keyboard.type('echo a')
  await typeAt()
  await page.keyboard.type('b-$((40 + 2))\n')
  await expect(await prompt(page)).toContainText('a@b-42')
})

test('U3: what AltGr types on Windows is text in a terminal', async ({ page }) => {
  const typeAt = await pretend(page, WINDOWS, WINDOWS.altGr)
  await openRepl(page, room.client, room.replId)
  await page.getByTestId('terminal').locator('textarea').focus()
  await page.keyboard.type('echo a')
  await typeAt()
  await page.keyboard.type('b-$((40 + 3))\n')
  await expect(await prompt(page)).toContainText('a@b-43')
})

test('U5: several terminals and several open files, each with what is its own', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  await runInTerminal(page, 'NAME=first; echo first-$((40 + 2))')
  const before = await terminalTabs(page).count()
  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(terminalTabs(page)).toHaveCount(before + 1)
  const second = await runInTerminal(page, 'echo "[$NAME]"second-$((40 + 3))')
  await expect(second).toContainText('[]second-43')
  await terminalTabs(page).first().click()
  await expect(page.getByTestId('terminal')).toContainText('first-42')
  await expect(page.getByTestId('terminal')).not.toContainText('second-43')

  await editFile(page, 'index.js')
  await editFile(page, 'package.json')
  await expect(editorText(page)).toContainText('"name"')
  await page.getByRole('tab', { name: 'index.js' }).click()
  await expect(editorText(page)).toContainText('createServer')
  await page.getByRole('button', { name: 'Close index.js' }).click()
  await expect(page.getByRole('tab', { name: 'index.js' })).toHaveCount(0)
})

test('L2: a second tab finds the same shell with its history, and the first goes on', async ({ page, context }) => {
  await openRepl(page, room.client, room.replId)
  const first = await runInTerminal(page, 'KEPT=yes; echo first-$((40 + 2))')
  await expect(first).toContainText('first-42')
  const other = await context.newPage()
  await openRepl(other, room.client, room.replId)
  const second = await runInTerminal(other, 'echo kept-$KEPT-$((40 + 3))')
  await expect(second).toContainText('first-42')
  await expect(second).toContainText('kept-yes-43')
  await expect(first).toContainText('kept-yes-43')
  await other.close()
  await runInTerminal(page, 'echo alone-$((40 + 4))')
  await expect(first).toContainText('alone-44')
})

test('U7: output from before the page was there is shown, and a stopped REPL wakes instead of hanging', async ({
  page,
}) => {
  const terminal = await room.disk.openTerminal()
  await terminal.type('echo early-$((40 + 2))\r', 'early-42')
  await openRepl(page, room.client, room.replId)
  await terminalTabs(page).last().click()
  await expect(page.getByTestId('terminal')).toContainText('early-42')

  const sleeping = await createRepl(room.client, 'empty')
  await room.client.mutate('repls.stop', { replId: sleeping })
  await page.goto(`${room.server.url}/r/${sleeping}`)
  await prompt(page)
  await room.client.mutate('repls.stop', { replId: sleeping })
  await expect(page.getByTestId('repl-gate')).toContainText('sleeping')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await expect(page.getByTestId('repl-gate')).toHaveCount(0)
  await prompt(page)
})

test('U8: whoever may not look opens no socket', async ({ page }) => {
  const sockets: string[] = []
  page.on('websocket', (socket) => sockets.push(socket.url()))
  await page.goto(`${room.server.url}/r/${room.replId}`)
  await expect(page).toHaveURL(/\/signin/)
  await expect(page.getByRole('heading').first()).toBeVisible()
  expect(sockets.filter((url) => url.includes('/socket'))).toEqual([])
})

test('what the editor finds wrong in open files is counted, listed, and led to', async ({ page }) => {
  await room.disk.request('files.write', { path: 'wrong.json', content: '{\n  "a": 1,\n  "b" 2\n}\n', ifMatch: null })
  await openRepl(page, room.client, room.replId)
  await editFile(page, 'wrong.json')
  const item = page.getByRole('contentinfo', { name: 'Status' }).getByRole('button', { name: /error/ })
  await expect(item).toHaveText('1 error')
  await editFile(page, 'index.js')
  await item.click()
  await page
    .getByRole('dialog', { name: 'Problems' })
    .getByRole('button', { name: /wrong\.json, line 3/ })
    .click()
  await expect(page.getByRole('tab', { name: 'wrong.json' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByText('Ln 3, Col 7')).toBeVisible()
  await page.keyboard.type(':')
  await expect(item).toHaveCount(0)
})
