import { expect, test } from '@playwright/test'
import { signIn } from './_client.ts'
import { startGitServer } from './_git-server.ts'
import { look } from './_look.ts'
import { prompt, readableTerminals, runInTerminal } from './_pages.ts'
import { startServer } from './_server.ts'
import { actAs, editFile, editorText, treeItem } from './_workbench.ts'
import type { Locator, Page } from '@playwright/test'
import type { Client } from './_client.ts'
import type { GitServer } from './_git-server.ts'
import type { Server } from './_server.ts'

const PROJECT = {
  main: {
    'package.json': '{"scripts":{"start":"node server.js"}}\n',
    'server.js': '// main\n',
    'src/a b.js': '// a\n',
  },
  tryout: { 'main.py': 'print("tryout")\n', 'only-here.txt': 'tryout\n' },
}

let server: Server
let client: Client
let git: GitServer

test.beforeAll(async () => {
  git = await startGitServer()
  git.add('engine', PROJECT)
  // A sandbox with a network of its own cannot reach this machine's addresses, where the git server is.
  server = await startServer({ env: { ISOLATION: 'none', SPARE_SANDBOXES: '0', RUNNING_REPLS_PER_USER: '20' } })
  client = await signIn(server.link)
})
test.afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await git[Symbol.asyncDispose]()
})

test.beforeEach(async ({ page }) => {
  await actAs(page, client)
  await readableTerminals(page)
  await page.goto(`${server.url}/repls`)
})

async function gitDialog(page: Page, url: string, branch = ''): Promise<Locator> {
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('tab', { name: 'From Git' }).click()
  await dialog.getByRole('textbox', { name: 'Repository' }).fill(url)
  await dialog.getByRole('textbox', { name: 'Branch' }).fill(branch)
  return dialog
}

async function cloneInDialog(page: Page, url: string, branch = ''): Promise<void> {
  const dialog = await gitDialog(page, url, branch)
  await dialog.getByRole('button', { name: 'Clone repository' }).click()
  await expect(page).toHaveURL(/\/r\/[a-z0-9]{16}$/)
}

test('clones with visible progress; what Run does is guessed from the files and can be changed', async ({ page }) => {
  const release = git.hold()
  await cloneInDialog(page, `${git.url}/engine.git`)
  const gate = page.getByTestId('repl-gate')
  await expect(gate).toContainText('Cloning the repository')
  await expect(gate).toContainText(`Cloning from ${new URL(git.url).host}`)
  await expect(gate.getByRole('listitem')).toContainText(['Getting a sandbox', 'Cloning the repository'])
  release()
  await prompt(page)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('engine')
  await expect(treeItem(page, 'server.js')).toBeVisible()
  const terminal = await runInTerminal(page, 'git branch --show-current; ls src; cat server.js')
  await expect(terminal).toContainText('a b.js')
  await expect(terminal).toContainText('// main')

  await page.getByRole('button', { name: 'Change what Run does' }).click()
  const dialog = page.getByRole('dialog', { name: 'What Run does' })
  const command = dialog.getByRole('textbox', { name: 'Command' })
  await expect(command).toHaveValue('npm install && npm start')
  await command.fill('echo ran-$((40 + 2))')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(page.getByTestId('terminal')).toContainText('ran-42')
  await editFile(page, '.devex.json')
  await expect(editorText(page)).toContainText('"port": 3000')

  await page.goto(`${server.url}/repls`)
  await expect(page.getByRole('listitem').filter({ hasText: 'engine' })).toContainText('127.0.0.1')
})

test('a page that is opened while a clone goes on hears how far it has come', async ({ page, context }) => {
  const release = git.hold()
  await cloneInDialog(page, `${git.url}/engine.git`)
  const other = await context.newPage()
  const told = other
    .waitForEvent('websocket', (socket) => socket.url().endsWith('/ws/trpc'))
    .then((socket) => socket.waitForEvent('framereceived'))
  await other.goto(page.url())
  await told
  await expect(other.getByTestId('repl-gate')).toContainText('Cloning the repository')
  release()
  await prompt(other)
})

test('a start that goes on can be stopped, and begun again', async ({ page }) => {
  const release = git.hold()
  await cloneInDialog(page, `${git.url}/engine.git`)
  const gate = page.getByTestId('repl-gate')
  await expect(gate).toContainText('Cloning the repository')
  await expect(gate.getByRole('button', { name: 'Look at the files' })).toBeHidden()
  await gate.getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(gate).toContainText('is sleeping')
  release()
  await gate.getByRole('button', { name: 'Start', exact: true }).click()
  await prompt(page)
  await expect(treeItem(page, 'server.js')).toBeVisible()
})

test('clones the branch that was asked for', async ({ page }) => {
  await cloneInDialog(page, `${git.url}/engine.git`, 'tryout')
  await prompt(page)
  await expect(treeItem(page, 'only-here.txt')).toBeVisible()
  await expect(treeItem(page, 'server.js')).toHaveCount(0)
  const terminal = await runInTerminal(page, 'echo on-$(git branch --show-current)')
  await expect(terminal).toContainText('on-tryout')
  await page.getByRole('button', { name: 'Change what Run does' }).click()
  await expect(page.getByRole('textbox', { name: 'Command' })).toHaveValue('python3 main.py')
})

for (const [what, path, branch, why] of [
  ['an unknown repository', '/nothing.git', '', 'has no public repository at this address'],
  ['an unknown branch', '/engine.git', 'nowhere', 'has no branch "nowhere"'],
] as const) {
  test(`${what}: says why, offers to try again, can be deleted and brought back`, async ({ page }) => {
    await cloneInDialog(page, `${git.url}${path}`, branch)
    const gate = page.getByTestId('repl-gate')
    await expect(gate.getByRole('alert')).toContainText(why)
    await expect(gate.getByRole('listitem').last()).toContainText('Cloning the repository failed')
    await expect(gate.getByRole('button', { name: 'Try again' })).toBeVisible()
    await gate.getByRole('button', { name: 'Delete REPL' }).click()
    await gate.getByRole('button', { name: 'Restore' }).click()
    await expect(gate.getByText('is sleeping')).toBeVisible()
  })
}

test('an address that is not of the web is refused beside its field', async ({ page }) => {
  for (const [url, why] of [
    ['file:///etc/passwd', 'not an https address'],
    ['git@github.com:ada/engine.git', 'Use https://github.com/ada/engine.git'],
    ['ext::sh -c id', 'not an https address'],
  ] as const) {
    const dialog = await gitDialog(page, url)
    await dialog.getByRole('button', { name: 'Clone repository' }).click()
    await expect(dialog.getByRole('alert')).toContainText(why)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
  }
  await expect(page).toHaveURL(`${server.url}/repls`)
})

test('a git server that is down: tried again once it is up, the clone comes', async ({ page }) => {
  const down = await startGitServer()
  const { port } = new URL(down.url)
  await down[Symbol.asyncDispose]()
  await cloneInDialog(page, `${down.url}/late.git`)
  const gate = page.getByTestId('repl-gate')
  await expect(gate.getByRole('alert')).toContainText('cannot be reached')
  await using up = await startGitServer(Number(port))
  up.add('late', PROJECT)
  await gate.getByRole('button', { name: 'Try again' }).click()
  await prompt(page)
  await expect(treeItem(page, 'server.js')).toBeVisible()
})

test('what changed since the last commit: in the tree, in a list, and beside what it was', async ({ page }) => {
  await cloneInDialog(page, `${git.url}/engine.git`)
  await prompt(page)
  const branch = page.getByTestId('branch')
  await expect(branch).toHaveText('main')
  const keys = await editFile(page, 'server.js')
  await keys.press('Control+a')
  await page.keyboard.insertText('// changed\n')
  await runInTerminal(page, 'echo new > new.txt; rm package.json; git mv "src/a b.js" src/c.js')
  await expect(treeItem(page, 'server.js')).toContainText('M')
  await expect(treeItem(page, 'new.txt')).toContainText('U')
  await expect(treeItem(page, 'src')).toContainText('has changes')

  await branch.click()
  const list = page.getByRole('list', { name: 'Changed files' })
  await expect(list.getByRole('listitem')).toHaveText([
    /package\.json.*deleted/,
    /server\.js.*modified/,
    /c\.js.*renamed/,
    /new\.txt.*untracked/,
  ])
  await list.getByRole('button', { name: /^server\.js/ }).click()
  const diff = page.getByRole('dialog', { name: 'server.js' })
  await expect(diff.locator('.editor.original')).toContainText('// main')
  await expect(diff.locator('.editor.modified')).toContainText('// changed')
  await page.keyboard.press('Escape')
  await list.getByRole('button', { name: /^package\.json/ }).click()
  const deleted = page.getByRole('dialog', { name: 'package.json' })
  await expect(deleted.locator('.editor.original')).toContainText('node server.js')
  await expect(deleted.getByRole('button', { name: 'Open the file' })).toHaveCount(0)
  await deleted.getByRole('button', { name: 'Close' }).last().click()
  await look(page, 'git')

  await runInTerminal(page, 'git add -A && git -c user.name=Ada -c user.email=a@example.org commit -qm "All of it"')
  await expect(page.getByText('Nothing changed since the last commit.', { exact: true })).toBeVisible()
  await expect(branch).toHaveText('main ↑1')
})

test('a commit of some files, whom it names said once; a hook that refuses is heard; a change is discarded and brought back', async ({
  page,
}) => {
  await cloneInDialog(page, `${git.url}/engine.git`)
  await prompt(page)
  const terminal = await runInTerminal(page, 'echo "// more" >> server.js; echo new > new.txt; echo wri""tten')
  await expect(terminal).toContainText('written')
  await page.getByTestId('branch').click()
  const list = page.getByRole('list', { name: 'Changed files' })
  await expect(list.getByRole('listitem')).toHaveText([/server\.js/, /new\.txt/])
  await list.getByRole('checkbox', { name: 'Commit new.txt' }).uncheck()
  const message = page.getByRole('textbox', { name: 'Commit message' })
  await message.fill('More of the server')
  await page.reload()
  await list.getByRole('checkbox', { name: 'Commit new.txt' }).uncheck()
  await message.press('Control+Enter')
  await expect(page.getByText('Git does not know yet whom a commit is to name.')).toBeVisible()
  await look(page, 'commit')
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ada')
  await page.getByRole('textbox', { name: 'Your e-mail address' }).fill('ada@example.org')
  await page.getByRole('button', { name: 'Commit 1 of 2' }).click()
  await expect(list.getByRole('listitem')).toHaveText([/new\.txt/])
  await expect(message).toHaveValue('')
  await expect(page.getByTestId('branch')).toHaveText('main ↑1 *')
  await expect(page.getByRole('tab', { name: 'Commit' })).toHaveCount(0)
  const log = await runInTerminal(page, "git log -1 --format='%an: %s'")
  await expect(log).toContainText('Ada: More of the server')

  await runInTerminal(
    page,
    "printf '#!/bin/sh\\necho not to-day >&2; exit 1' > .git/hooks/pre-commit; chmod +x .git/hooks/*",
  )
  await message.fill('The rest')
  await page.getByRole('button', { name: 'Commit all' }).click()
  await expect(page.getByRole('tab', { name: 'Commit' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByTestId('terminal')).toContainText('not to-day')
  await expect(message).toHaveValue('The rest')

  await list.getByRole('button', { name: 'Discard the changes of new.txt' }).click()
  await expect(page.getByText('Nothing changed since the last commit.', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(list.getByRole('listitem')).toHaveText([/new\.txt/])
})
