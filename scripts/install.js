// Plain JavaScript: installs what is missing, says so, and does nothing when all is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './node.js'

const STAMP = join(ROOT, 'node_modules', '.devex-installed')

/** Brings `node_modules` to what package-lock.json says. `npm install`, not `npm ci`, which fails where an index lacks another platform's optional packages. */
export function install() {
  const wanted = fingerprint()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  console.log('Installing packages (the first time takes a minute or two)…')
  const started = Date.now()
  // All of them, whatever NODE_ENV or an .npmrc says: what builds and tests is among the development ones.
  const all = ['--include=dev', '--include=optional']
  const { status } = spawnSync('npm', ['install', ...all, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  if (status !== 0) {
    throw new Error(
      'npm install failed; its message is above. Check the network and the free disk space, then run the command again.',
    )
  }
  writeFileSync(STAMP, fingerprint())
  console.log(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

function fingerprint() {
  const hash = createHash('sha256')
  for (const file of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(ROOT, file)))
  return hash.update(`${process.platform}-${process.arch}`).digest('hex')
}
