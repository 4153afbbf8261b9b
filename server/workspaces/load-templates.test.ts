import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MAX_TEMPLATE_BYTES } from '#server/workspaces/template.ts'
import { createTemplates, validateTemplates } from '#server/workspaces/load-templates.ts'

const OWN = join(import.meta.dirname, '../../templates')
const yes = async () => true

/** A folder with the templates given, by key; `empty` is among them unless left out. */
function templatesFolder(manifests: Record<string, unknown>): string {
  const folder = mkdtempSync('/tmp/devex-templates-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [key, manifest] of Object.entries(manifests)) {
    mkdirSync(join(folder, key, 'files'), { recursive: true })
    writeFileSync(join(folder, key, 'template.json'), JSON.stringify(manifest))
  }
  return folder
}

const minimal = { title: 'T', description: 'D', icon: 'empty', order: 1, run: { command: 'true' }, ready: 'exit' }

describe('templates', () => {
  test('the project’s own are valid, in their order, and each opens a file that it has', async () => {
    expect(await validateTemplates(OWN)).toEqual([])
    const templates = await createTemplates({ folder: OWN, probe: yes })
    expect((await templates.list()).map(({ key, available }) => [key, available])).toEqual([
      ['node', true],
      ['python', true],
      ['go', true],
      ['web', true],
      ['empty', true],
    ])
  })

  test('D7: an unknown key is a bad request that names the known ones; no prefix, empty or foreign key matches', async () => {
    const templates = await createTemplates({ folder: OWN, probe: yes })
    for (const key of ['no', '', 'nodejs', '../node', 'NODE', '__proto__'])
      expect(() => templates.get(key)).toThrow(
        expect.objectContaining({ code: 'bad_request', advice: 'Known templates: node, python, go, web, empty.' }),
      )
    expect(templates.get('node').manifest.title).toBe('Node.js')
  })

  test('a repl whose template is gone has the limits and the image of an empty one, and nothing for Run', async () => {
    const empty = { ...minimal, run: { command: 'echo hello' }, limits: { cpus: 1 } }
    const templates = await createTemplates({ folder: templatesFolder({ empty, go: minimal }), probe: yes })
    expect(templates.ofRepl('go')).toEqual(templates.get('go'))
    const { key, manifest } = templates.ofRepl('cobol')
    expect({ key, run: manifest.run, limits: manifest.limits }).toEqual({
      key: 'empty',
      run: { command: '' },
      limits: { cpus: 1 },
    })
    expect(templates.ofRepl('empty').manifest.run).toEqual({ command: 'echo hello' })
  })

  test('a missing toolchain makes a template unavailable and says what to install', async () => {
    const templates = await createTemplates({ folder: OWN, probe: async (command) => !command.startsWith('go ') })
    const go = (await templates.list()).find(({ key }) => key === 'go')
    expect(go).toMatchObject({ available: false, install: expect.stringContaining('golang') })
  })

  test('a probe that cannot run counts as missing', async () => {
    const templates = await createTemplates({ folder: OWN, probe: () => Promise.reject(new Error('no shell')) })
    expect((await templates.list()).filter(({ available }) => available).map(({ key }) => key)).toEqual(['empty'])
  })

  test('probes run once a minute, not once a page', async () => {
    let now = 0
    const runs: string[] = []
    const probe = async (command: string) => runs.push(command) > 0
    const templates = await createTemplates({ folder: OWN, probe, now: () => now })
    await Promise.all([templates.list(), templates.list()])
    expect(runs.length).toBe(new Set(runs).size)
    const before = runs.length
    now = 61_000
    await templates.list()
    expect(runs.length).toBe(2 * before)
  })

  test('a project is recognised by its files, a lock file before the manifest; an unknown one is empty', async () => {
    const templates = await createTemplates({ folder: OWN, probe: yes })
    expect(templates.guess(['README.md', 'package.json'])).toMatchObject({ template: 'node' })
    expect(templates.guess(['package.json', 'pnpm-lock.yaml']).run.command).toContain('pnpm')
    expect(templates.guess(['go.mod'])).toEqual({ template: 'go', run: { command: 'go run .', port: 8080 } })
    expect(templates.guess(['index.html'])).toMatchObject({ template: 'web' })
    expect(templates.guess(['Makefile', 'constructor'])).toEqual({ template: 'empty', run: { command: '' } })
    const known = templates.runGuesses()
    expect(known.map(({ file }) => ({ file, ...templates.guess([file]).run }))).toEqual(known)
  })

  test('what is wrong is named, and nothing is loaded', async () => {
    const folder = templatesFolder({
      empty: minimal,
      extra: { ...minimal, colour: 'red' },
      Bad_Key: minimal,
      nothing: 5,
      opens: { ...minimal, open: 'missing.js' },
    })
    const problems = await validateTemplates(folder)
    expect(problems).toHaveLength(4)
    expect(problems.join('\n')).toMatch(/opens: .*missing\.js/)
    expect(problems.join('\n')).toMatch(/Bad_Key.*lower-case/)
    expect(problems.join('\n')).toMatch(/extra\/template\.json.*\n?.*colour/)
    await expect(createTemplates({ folder, probe: yes })).rejects.toMatchObject({ code: 'internal' })
  })

  test('the fallback template must be there', async () => {
    expect(await validateTemplates(templatesFolder({ node: minimal }))).toEqual(['The template empty is missing.'])
  })

  test('more than 8 MiB and symlinks are refused', async () => {
    const folder = templatesFolder({ empty: minimal, large: minimal, linked: minimal })
    writeFileSync(join(folder, 'large/files/a'), Buffer.alloc(MAX_TEMPLATE_BYTES))
    writeFileSync(join(folder, 'large/files/b'), 'x')
    symlinkSync('/etc/passwd', join(folder, 'linked/files/passwd'))
    const problems = await validateTemplates(folder)
    expect(problems.join('\n')).toMatch(/large\/files: 8388609 bytes/)
    expect(problems.join('\n')).toMatch(/linked: .*passwd is neither a file nor a folder/)
    expect(problems).toHaveLength(2)
  })
})
