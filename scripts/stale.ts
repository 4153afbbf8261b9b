import type { Dirent } from 'node:fs'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ROOT } from './root.ts'

/** A build step: what it reads (globs from the project's root), a file that it makes last, and how it is done. */
export interface Step {
  name: string
  inputs: string[]
  output: string
  run: () => Promise<void>
}

/** Runs the step unless its inputs are as they were when it last succeeded, and what it made is there. */
export async function runIfStale(step: Step, root = ROOT): Promise<void> {
  const stampFile = join(root, '.build', `${step.name}.stamp`)
  const wanted = await fingerprint(step.inputs, root)
  const isMade = existsSync(join(root, step.output))
  if (isMade && (await readFile(stampFile, 'utf8').catch(() => '')) === wanted) return
  console.log(`Building ${step.name}…`)
  const started = Date.now()
  // What is broken off leaves something of two builds, of which no stamp may speak.
  await rm(stampFile, { force: true })
  await step.run()
  await mkdir(dirname(stampFile), { recursive: true })
  await writeFile(`${stampFile}.part`, wanted)
  await rename(`${stampFile}.part`, stampFile)
  console.log(`Built ${step.name} in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
}

/** Tests are no part of what is built. */
function isTest({ name }: Dirent): boolean {
  return name === '_e2e' || name.endsWith('.test.ts')
}

async function fingerprint(patterns: string[], root: string): Promise<string> {
  const files = await Array.fromAsync(glob(patterns, { cwd: root, withFileTypes: true, exclude: isTest }))
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hash = createHash('sha256').update(process.version)
  for (const path of paths.toSorted())
    hash
      .update(path)
      .update('\0')
      .update(await readFile(path))
  return hash.digest('hex')
}
