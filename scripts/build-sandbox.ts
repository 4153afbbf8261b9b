import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { z } from 'zod'
import { ROOT } from './root.ts'

/**
 * Makes `.build/sandbox`: everything that runs inside a sandbox, in one folder that needs nothing else. Programs are one
 * file each; packages with a binary part lie beside them. `target`: another place for it.
 */
export async function buildSandbox(target = join(ROOT, '.build', 'sandbox')): Promise<void> {
  const aside = `${target}.${process.pid}.new`
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })
  try {
    await Promise.all([...PROGRAMS.map(async (program) => bundle(program, aside)), copyPackages(aside)])
    await writeFile(join(aside, 'package.json'), `${JSON.stringify({ private: true, type: 'module' })}\n`)
    await replace(target, aside)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

const PROGRAMS = [
  { entry: 'runner-image/main.ts', file: 'runner.mjs' },
  { entry: 'runner-image/terminal/screen-worker.ts', file: 'screen-worker.mjs' },
  { entry: 'mcp-sidecar/main.ts', file: 'sidecar.mjs' },
]

/** Packages with a binary part, which cannot be bundled. */
const NATIVE_PACKAGES = ['node-pty', '@parcel/watcher']

async function bundle({ entry, file }: (typeof PROGRAMS)[number], folder: string): Promise<void> {
  if (!existsSync(join(ROOT, entry))) {
    console.log(`${entry} does not exist: ${file} is left out.`)
    return
  }
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, file),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // `ws` tries these two for speed and does without; both would need a compiler.
    external: [...NATIVE_PACKAGES, 'node-pty/*', 'bufferutil', 'utf-8-validate'],
    // Bundled CommonJS calls `require` for Node's own modules; a module has none.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  })
}

const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/** Copies the packages, what they need, and those of their optional ones that are installed (this platform's). */
async function copyPackages(folder: string): Promise<void> {
  const open = NATIVE_PACKAGES.map((name) => ({ name, from: join(ROOT, 'package.json') }))
  const copied = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (copied.has(next.name)) continue
    copied.add(next.name)
    const source = packageFolder(next.name, next.from)
    if (source === undefined) continue
    await cp(await realpath(source), join(folder, 'node_modules', next.name), { recursive: true, filter: isNeeded })
    const { dependencies, optionalDependencies } = manifestSchema.parse(
      JSON.parse(await readFile(join(source, 'package.json'), 'utf8')),
    )
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      open.push({ name, from: join(source, 'package.json') })
    }
  }
}

/** Where Node finds a package from `from`, or `undefined` where it is not installed. */
function packageFolder(name: string, from: string): string | undefined {
  const folders = createRequire(from).resolve.paths(name) ?? []
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')))
}

/** Sources of binaries are of no use to a program that has the binaries. */
function isNeeded(path: string): boolean {
  return !/\/(@parcel\/watcher\/(src|scripts)|node-addon-api)(\/|$)/.test(path)
}

/** Puts `aside` in the place of `target`; who started something from the old one keeps what it has open. */
async function replace(target: string, aside: string): Promise<void> {
  const old = `${target}.${process.pid}.old`
  await mkdir(dirname(target), { recursive: true })
  if (existsSync(target)) await rename(target, old)
  await rename(aside, target)
  await rm(old, { recursive: true, force: true })
}

if (import.meta.main) await buildSandbox()
