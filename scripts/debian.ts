import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const INSTALL_LIMIT_MS = 600_000
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Whether a program is on the PATH, or where only root looks. */
export function hasCommand(name: string): boolean {
  const folders = new Set([...(process.env['PATH'] ?? '').split(':'), ...SYSTEM_FOLDERS])
  return [...folders].some((folder) => existsSync(join(folder, name)))
}

/** Installs Debian packages where that is possible (as root, with apt); otherwise says what is missing and answers `false`. */
export function installPackages(packages: string[]): boolean {
  if (process.getuid?.() !== 0 || !hasCommand('apt-get')) {
    console.log(`Missing and not installable without root and apt: ${packages.join(', ')}.`)
    return false
  }
  console.log(`Installing with apt: ${packages.join(', ')}…`)
  return apt('update', '-qq') && apt('install', '-y', '-qq', '--no-install-recommends', ...packages)
}

function apt(...args: string[]): boolean {
  const result = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: INSTALL_LIMIT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return result.status === 0
}
