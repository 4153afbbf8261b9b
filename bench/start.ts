import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chromium } from '@playwright/test'
import { startServer } from '../app/_e2e/_server.ts'
import { connect, createRepl, signIn } from '../app/_e2e/_client.ts'
import { describeSamples } from './statistics.ts'
import type { Page } from '@playwright/test'
import type { Client } from '../app/_e2e/_client.ts'

const RUNS = 30
const PAGE_RUNS = 5
const PAGE_LIMIT_MS = 60_000

/** From create to the first command's output; from navigation to prompt and to an editor that takes a key, cold and warm. */
export async function benchStart(): Promise<void> {
  await using server = await startServer({
    env: { REPLS_PER_USER: '200', RUNNING_REPLS_PER_USER: '200' },
  })
  const client = await signIn(server.link)
  const floor: number[] = []
  const created: number[] = []
  for (let run = 0; run < RUNS; run++) {
    floor.push(await bareShell())
    const { ms, replId } = await createToCommand(client)
    created.push(ms)
    await client.mutate('repls.delete', { replId })
    await spareIsReady()
  }
  console.log(describeSamples('floor: a login shell of this machine', floor))
  console.log(describeSamples('create → first command’s output', created, floor))
  await benchPage(client)
}

/** What nothing can beat: a login shell of this machine that runs the same command, without a sandbox or a network. */
async function bareShell(): Promise<number> {
  const started = performance.now()
  const shell = spawn('bash', ['-lc', 'echo "= $((42 * 42))"'], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(shell.stdout, 'data')
  const ms = performance.now() - started
  await once(shell, 'close')
  return ms
}

async function createToCommand(client: Client): Promise<{ ms: number; replId: string }> {
  const started = performance.now()
  const replId = await createRepl(client, 'node')
  const connection = await connect(client, replId)
  const terminal = await connection.openTerminal()
  await terminal.type('echo "= $((42 * 42))"\r', '= 1764')
  const ms = performance.now() - started
  connection.close()
  return { ms, replId }
}

/** What is measured is a start with a spare sandbox at hand, so each run waits until one is. */
async function spareIsReady(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1500))
}

function newSamples(): { cold: number[]; warm: number[] } {
  return { cold: [], warm: [] }
}

async function benchPage(client: Client): Promise<void> {
  const id = await createRepl(client, 'node')
  const samples = { prompt: newSamples(), editor: newSamples() }
  const browser = await chromium.launch({
    ...(process.env['CHROMIUM'] !== undefined && { executablePath: process.env['CHROMIUM'] }),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  for (let run = 0; run < PAGE_RUNS; run++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, extraHTTPHeaders: {} })
    const [name = '', value = ''] = (
      client.cookie.split('; ').find((pair) => pair.includes('session-token')) ?? ''
    ).split(/=(.*)/s)
    await context.addCookies([{ name, value, url: client.url }])
    for (const kind of ['cold', 'warm'] as const) {
      const page = await context.newPage()
      const figures = await openPage(page, `${client.url}/r/${id}`)
      samples.prompt[kind].push(figures.prompt)
      samples.editor[kind].push(figures.editor)
      await page.close()
    }
    await context.close()
  }
  await browser.close()
  for (const kind of ['cold', 'warm'] as const) {
    console.log(describeSamples(`navigation → terminal prompt, ${kind}`, samples.prompt[kind]))
    console.log(describeSamples(`navigation → editor usable, ${kind}`, samples.editor[kind]))
  }
  await client.mutate('repls.delete', { replId: id })
}

async function openPage(page: Page, url: string): Promise<{ prompt: number; editor: number }> {
  await page.addInitScript(markWhatShows)
  await page.goto(url, { waitUntil: 'commit' })
  const marked = async (name: string) => {
    await page.waitForFunction((mark) => performance.getEntriesByName(mark).length > 0, name, {
      timeout: PAGE_LIMIT_MS,
    })
    return page.evaluate((mark) => performance.getEntriesByName(mark)[0]?.startTime ?? Number.NaN, name)
  }
  const [prompt, editor] = await Promise.all([marked('prompt'), marked('editor')])
  return { prompt, editor }
}

/** Runs in the page, whose own clock begins with the navigation: asking it from outside would itself take time. */
function markWhatShows(): void {
  localStorage.setItem('devex.terminal.renderer', 'dom')
  const markOnce = (name: string, isThere: boolean) => {
    if (isThere && performance.getEntriesByName(name).length === 0) performance.mark(name)
  }
  new MutationObserver(() => {
    const rows = [...document.querySelectorAll('.xterm-rows')]
    markOnce(
      'prompt',
      rows.some((row) => row.textContent.includes('$')),
    )
    // A line of the file, and what takes keys.
    const hasLine = document.querySelector('.monaco-editor .view-line span') !== null
    markOnce('editor', hasLine && document.querySelector('.monaco-editor :is(.native-edit-context, textarea)') !== null)
  }).observe(document, { childList: true, subtree: true, characterData: true })
}
