import { existsSync } from 'node:fs'
import { cp, lstat, mkdir, readFile, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { build, transform } from 'esbuild'
import type { Plugin } from 'esbuild'
import { z } from 'zod'
import { PROGRAM_FORM, PROGRAM_SUFFIX } from '#wire/program.ts'
import { keepCompiledCode } from './compiled-code/keep.ts'
import { ROOT } from './root.ts'

/**
 * Makes `.build/sandbox`: everything that runs inside a sandbox, in one folder that needs nothing else. Programs are one
 * file each; packages with a binary part lie beside them. It is a link to a folder of this build alone: sandboxes that
 * run keep the one that they were started from, with what they have yet to load. `target`: another place for it.
 * `plugins`: for tests, that put something else into it.
 */
export async function buildSandbox(target = join(ROOT, '.build', 'sandbox'), plugins: Plugin[] = []): Promise<void> {
  const builds = `${target}-builds`
  const aside = join(builds, `${Date.now().toString(36)}-${process.pid}`)
  await mkdir(aside, { recursive: true })
  try {
    await Promise.all([...PROGRAMS.map((program) => bundle(program, aside, plugins)), copyPackages(aside)])
    await writeFile(join(aside, 'package.json'), `${JSON.stringify({ private: true, type: 'module' })}\n`)
    await keepCompiledCode(aside)
    const before = await replace(target, aside)
    // The one before stays until the next time: somebody may be about to start from it.
    await removeUnused(builds, [aside, ...(before === undefined ? [] : [before])])
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
}

/** Programs whose compiled code is kept, each with what starts it (`boot.ts`). */
const COMPILED = { runner: 'runner-image/main.ts', sidecar: 'mcp-sidecar/main.ts' }

const MODULES = [
  ...Object.keys(COMPILED).map((name) => ({ entry: 'runner-image/boot.ts', file: `${name}.mjs` })),
  { entry: 'runner-image/terminal/screen-worker.ts', file: 'screen-worker.mjs' },
  { entry: 'runner-image/commands/exec-helper.ts', file: 'exec-helper.mjs' },
  { entry: 'runner-image/search/search-worker.ts', file: 'search-worker.mjs' },
]

const PROGRAMS: Bundle[] = [
  ...MODULES.map((each) => ({
    ...each,
    format: 'esm' as const,
    // Bundled CommonJS calls `require` for Node's own modules; a module has none.
    banner: "const require = process.getBuiltinModule('module').createRequire(import.meta.url);",
  })),
  ...Object.entries(COMPILED).map(([name, entry]) => ({
    entry,
    file: `${name}${PROGRAM_SUFFIX}`,
    format: 'cjs' as const,
    banner: PROGRAM_FORM.banner,
    footer: PROGRAM_FORM.footer,
    define: { 'import.meta.url': PROGRAM_FORM.url },
  })),
]

/** Packages with a binary part, which cannot be bundled. */
const NATIVE_PACKAGES = ['node-pty', '@parcel/watcher']

interface Bundle {
  entry: string
  file: string
  format: 'esm' | 'cjs'
  banner: string
  footer?: string
  define?: Record<string, string>
}

async function bundle({ entry, file, banner, footer = '', ...rest }: Bundle, folder: string, plugins: Plugin[]) {
  await build({
    ...rest,
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, file),
    bundle: true,
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // `ws` tries these two for speed and does without; both would need a compiler.
    external: [...NATIVE_PACKAGES, 'node-pty/*', 'bufferutil', 'utf-8-validate'],
    // A script has `require` alone. What is imported when it is needed is in the same file, and runs then.
    supported: { 'dynamic-import': rest.format === 'esm' },
    banner: { js: banner },
    footer: { js: footer },
    plugins: [...plugins, builtins],
    logLevel: 'warning',
  })
  if (rest.format === 'cjs') await assertAscii(join(folder, file))
}

/** `readProgram` takes each byte for a character. In comments of others that does no harm. */
async function assertAscii(file: string): Promise<void> {
  const { code } = await transform(await readFile(file, 'utf8'), { minifyWhitespace: true, legalComments: 'none' })
  const [found] = /.{0,40}\P{ASCII}.{0,40}/u.exec(code) ?? []
  if (found !== undefined) throw new Error(`${file} holds what is not ASCII: ${found}`)
}

/**
 * Node's own modules are taken as they are: to be imported, each must have all of its exports read first, and of
 * `node:http` one is a getter that loads 20 ms of fetch.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup(bundling) {
    bundling.onResolve({ filter: /.*/ }, ({ path }) => (isBuiltin(path) ? { path, namespace: 'builtin' } : undefined))
    bundling.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
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

/** Lets the link `target` lead to `build` from one moment to the next; where it led before. */
async function replace(target: string, build: string): Promise<string | undefined> {
  let before = existsSync(target) ? await realpath(target) : undefined
  // An earlier version made a folder here: who was started from it keeps it, under another name.
  if (before !== undefined && !(await lstat(target)).isSymbolicLink()) {
    before = `${build}-before`
    await rename(target, before)
  }
  const link = `${target}.${process.pid}.link`
  await rm(link, { force: true })
  await symlink(relative(dirname(target), build), link)
  await rename(link, target)
  return before
}

/** Removes builds that nothing runs from, but for `kept`. Where processes cannot be looked at, all stay. */
async function removeUnused(builds: string, kept: string[]): Promise<void> {
  const uses = await namedByProcesses()
  if (uses === undefined) return
  const names = new Set(kept.map((path) => basename(path)))
  for (const name of await readdir(builds)) {
    const isUsed = uses.some((use) => use.includes(`/${basename(builds)}/${name}`))
    if (!names.has(name) && !isUsed && !isBeingMade(name))
      await rm(join(builds, name), { recursive: true, force: true })
  }
}

/** Its name ends with the process that makes it, or made it. */
function isBeingMade(name: string): boolean {
  const [pid] = /\d+$/.exec(name) ?? []
  return pid !== undefined && Number(pid) !== process.pid && existsSync(`/proc/${pid}`)
}

/** What processes were started with, and what is mounted for them: within bubblewrap a build has another path. */
async function namedByProcesses(): Promise<string[] | undefined> {
  const entries = await readdir('/proc').catch(() => undefined)
  const files = entries?.filter((name) => /^\d+$/.test(name)).flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/mountinfo`]) // prettier-ignore
  // One that ended meanwhile uses nothing.
  return files && Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
}

if (import.meta.main) await buildSandbox()
