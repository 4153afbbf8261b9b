import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RunDefaults } from '#protocol/adoption.ts'
import { AppError } from '#server/errors.ts'
import type { TemplateView } from '#server/repls/views.ts'
import { MAX_TEMPLATE_BYTES, templateManifestSchema } from '#server/workspaces/template.ts'
import type { Template } from '#server/workspaces/template.ts'
import type { Templates } from '#server/workspaces/templates.ts'

/** A template's key: its folder's name. */
const keySchema = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/)

/** The template of what fits no other, or whose own is gone. It must be there. */
const FALLBACK_KEY = 'empty'

/** How long it is believed that a toolchain is (or is not) here. Somebody who installs it need not restart. */
const PROBE_TTL_MS = 60_000

interface TemplatesOptions {
  /** Holds `<key>/template.json` and `<key>/files/`. */
  folder: string
  /** Whether a shell command succeeds where repls run. */
  probe: (command: string) => Promise<boolean>
  now?: () => number
}

/** Loads every template; throws with all problems if one of them is wrong. */
export async function createTemplates({ folder, probe, now = Date.now }: TemplatesOptions): Promise<Templates> {
  const { templates, problems } = await loadAll(folder)
  if (problems.length > 0)
    throw new AppError('internal', `The templates in ${folder} are wrong: ${problems.join(' ')}`, {
      advice: 'Run npm run check.',
    })
  const isHere = createProbe(probe, now)
  const get = (key: string) => {
    const found = templates.find((template) => template.key === key)
    if (found !== undefined) return found
    throw new AppError('bad_request', `There is no template ${JSON.stringify(key.slice(0, 60))}.`, {
      advice: `Known templates: ${templates.map((template) => template.key).join(', ')}.`,
    })
  }

  return {
    list: () => Promise.all(templates.map((template) => viewOf(template, isHere))),
    get,
    ofRepl: (key) => templates.find((template) => template.key === key) ?? withoutRun(get(FALLBACK_KEY)),
    guess: (names) => guess(templates, new Set(names)),
    runGuesses: () =>
      templates.flatMap(({ manifest }) => manifest.detect.map((rule) => ({ file: rule.file, ...runOf(rule) }))),
  }
}

/** Everything that is wrong with the templates in `folder`, as sentences; none if they can be used. */
export async function validateTemplates(folder: string): Promise<string[]> {
  return (await loadAll(folder)).problems
}

async function loadAll(folder: string): Promise<{ templates: Template[]; problems: string[] }> {
  const templates: Template[] = []
  const problems: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const loaded = await loadOne(folder, entry.name)
    if (typeof loaded === 'string') problems.push(loaded)
    else templates.push(loaded)
  }
  if (!templates.some((template) => template.key === FALLBACK_KEY))
    problems.push(`The template ${FALLBACK_KEY} is missing.`)
  templates.sort((a, b) => a.manifest.order - b.manifest.order || (a.key < b.key ? -1 : 1))
  return { templates, problems }
}

/** The template, or what is wrong with it. */
async function loadOne(folder: string, key: string): Promise<Template | string> {
  if (!keySchema.safeParse(key).success)
    return `${key}: a template's folder is named with lower-case letters, digits and hyphens.`
  const filesDir = join(folder, key, 'files')
  try {
    const json: unknown = JSON.parse(await readFile(join(folder, key, 'template.json'), 'utf8'))
    const manifest = templateManifestSchema.safeParse(json)
    if (!manifest.success) return `${key}/template.json: ${z.prettifyError(manifest.error)}`
    const { open } = manifest.data
    if (open !== undefined && !(await stat(join(filesDir, open))).isFile()) return `${key}: ${open} is no file.`
    const bytes = await sizeOf(filesDir)
    if (bytes > MAX_TEMPLATE_BYTES)
      return `${key}/files: ${bytes} bytes are more than the ${MAX_TEMPLATE_BYTES} that a template may have.`
    return { key, manifest: manifest.data, filesDir }
  } catch (error) {
    return `${key}: ${error instanceof Error ? error.message : String(error)}.`
  }
}

async function sizeOf(filesDir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(filesDir, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name)
    if (entry.isFile()) bytes += (await stat(place)).size
    else if (!entry.isDirectory()) throw new Error(`${place} is neither a file nor a folder`)
  }
  return bytes
}

/** Answers from memory for a while; callers at the same time share one run. A probe that cannot run is a no. */
function createProbe(probe: (command: string) => Promise<boolean>, now: () => number) {
  const known = new Map<string, { at: number; answer: Promise<boolean> }>()
  return (command: string): Promise<boolean> => {
    const last = known.get(command)
    if (last !== undefined && now() - last.at < PROBE_TTL_MS) return last.answer
    const answer = probe(command).catch(() => false)
    known.set(command, { at: now(), answer })
    return answer
  }
}

async function viewOf(
  { key, manifest }: Template,
  isHere: (command: string) => Promise<boolean>,
): Promise<TemplateView> {
  const { title, description, icon, toolchain } = manifest
  const available = toolchain === undefined || (await isHere(toolchain.probe))
  return {
    key,
    title,
    description,
    icon,
    run: runOf(manifest.run),
    available,
    ...(!available && toolchain !== undefined && { install: toolchain.install }),
  }
}

/** What the fallback's Run says is for people who chose it; without, it is guessed from the files. */
function withoutRun(template: Template): Template {
  return { ...template, manifest: { ...template.manifest, run: { command: '' } } }
}

/** The first template, in their order, that knows one of the names; within it, its first rule that fits. */
function guess(templates: Template[], names: ReadonlySet<string>): { template: string; run: RunDefaults } {
  for (const { key, manifest } of templates) {
    const rule = manifest.detect.find(({ file }) => names.has(file))
    if (rule !== undefined) return { template: key, run: runOf(rule) }
  }
  return { template: FALLBACK_KEY, run: { command: '' } }
}

function runOf({ command, port }: { command: string; port?: number | undefined }): TemplateView['run'] {
  return { command, ...(port !== undefined && { port }) }
}
