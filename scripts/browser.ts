import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { hasCommand, installPackages } from './debian.ts'
import { exitCodeOf } from './run-tool.ts'

const DOWNLOAD_LIMIT_MS = 180_000

/** A Chromium for browser tests: one that is found, else Playwright's own, else Debian's. `undefined`, with the reason said, if none can be had. */
export async function findBrowser(): Promise<string | undefined> {
  return found() ?? (await playwrights()) ?? debians()
}

function found(): string | undefined {
  const given = process.env['CHROMIUM']
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const folders = (process.env['PATH'] ?? '').split(':')
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...(given === undefined ? [] : [given]), ...paths, ...downloaded()].find((path) => existsSync(path))
}

/** Where `playwright install` puts its browsers. */
function downloaded(): string[] {
  const cache = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(homedir(), '.cache', 'ms-playwright')
  if (!existsSync(cache)) return []
  return readdirSync(cache).flatMap((name) =>
    name.startsWith('chromium-')
      ? [join(cache, name, 'chrome-linux', 'chrome'), join(cache, name, 'chrome-linux64', 'chrome')]
      : [],
  )
}

async function playwrights(): Promise<string | undefined> {
  console.log('No Chromium here: asking Playwright for its own…')
  const timeout = new Promise<number>((resolve) => setTimeout(resolve, DOWNLOAD_LIMIT_MS, 1).unref())
  const code = await Promise.race([exitCodeOf('@playwright/test/cli.js', ['install', 'chromium']), timeout])
  return code === 0 ? found() : undefined
}

function debians(): string | undefined {
  console.log('Playwright’s download did not work: installing Debian’s…')
  return installPackages(['chromium']) ? found() : undefined
}

/** What the sandboxes of this machine are better with, and what tests look at their work with. Without it less can be tested. */
export function installSandboxTools(): void {
  const tools = [
    { command: 'bwrap', package: 'bubblewrap' },
    { command: 'ip', package: 'iproute2' },
    { command: 'nft', package: 'nftables' },
    { command: 'python3', package: 'python3' },
    { command: 'pip3', package: 'python3-pip' },
    { command: 'unzip', package: 'unzip' },
  ]
  const missing = tools.filter(({ command }) => !hasCommand(command)).map((tool) => tool.package)
  if (missing.length > 0) installPackages(missing)
}

/** Whether this browser starts at all here. */
export function starts(browser: string): boolean {
  return spawnSync(browser, ['--version'], { timeout: 30_000 }).status === 0
}
