import { readdir } from 'node:fs/promises'
import * as z from 'zod'
import type { RunDefaults, RunGuess } from '#protocol/adoption.ts'
import { readSmallFile } from '../files/read.ts'
import type { Workspace } from '../files/workspace.ts'
import { MAX_PROJECT_FILE_BYTES } from '../limits.ts'

const packageSchema = z.looseObject({
  scripts: z.record(z.string(), z.string()).optional(),
  main: z.string().optional(),
})

/**
 * A guess at how a project is run, from the files at its top: what the platform knows by them, then what stands here;
 * an empty command where nothing is recognised.
 */
export async function guessRun(workspace: Workspace, known: readonly RunGuess[]): Promise<RunDefaults> {
  const read = (path: string) => readSmallFile(workspace, path, MAX_PROJECT_FILE_BYTES).catch(() => undefined)
  const names = new Set(await readdir(workspace.root))
  for (const { file, ...run } of known) if (names.has(file)) return run
  const manifest = await read('package.json')
  if (manifest !== undefined) {
    const command = nodeCommand(manifest)
    if (command !== undefined) return { command }
  }
  for (const [file, command] of BY_FILE) if (names.has(file)) return { command }
  return { command: '' }
}

/** First match wins. */
const BY_FILE = [
  ['manage.py', 'python3 manage.py runserver 0.0.0.0:${PORT:-8000}'],
  ['main.py', 'python3 main.py'],
  ['app.py', 'python3 app.py'],
  ['go.mod', 'go run .'],
  ['Cargo.toml', 'cargo run'],
  ['index.js', 'node index.js'],
  ['index.html', 'python3 -m http.server ${PORT:-8000}'],
  ['Makefile', 'make'],
] as const

function nodeCommand(manifest: string): string | undefined {
  const parsed = packageSchema.safeParse(parseJson(manifest))
  if (!parsed.success) return undefined
  const script = ['dev', 'start', 'serve'].find((name) => parsed.data.scripts?.[name] !== undefined)
  const install = '[ -d node_modules ] || npm install; '
  if (script !== undefined) return `${install}npm run ${script}`
  // A path from someone's manifest becomes a word of a shell command: plain names only.
  const main = parsed.data.main ?? ''
  return /^[\w./-]+$/.test(main) && !main.startsWith('-') ? `node ${main}` : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
