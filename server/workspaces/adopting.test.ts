import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { newId } from '#protocol/ids.ts'
import { byteStringOf } from '#snapshot/byte-string.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import { sealSnapshot } from '#snapshot/seal-snapshot.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { writeHead } from '#server/workspaces/head.ts'
import { headKey, manifestKey, packKey } from '#server/workspaces/keys.ts'
import { createTemplates } from '#server/workspaces/load-templates.ts'
import { settle } from '../../mcp-sidecar/adoption-marker.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

const templates = await createTemplates({
  folder: join(import.meta.dirname, '../../templates'),
  probe: async () => true,
})

/** A control plane whose repl was just seeded from the node template, and a sandbox nobody has adopted. */
async function seeded(): Promise<{ controlPlane: ControlPlane; sandbox: Sandbox } & AsyncDisposable> {
  const controlPlane = await ControlPlane.start(openDisk)
  await controlPlane.workspaces.seed(controlPlane.repl, templates.get('node'))
  const sandbox = await Sandbox.start(controlPlane)
  return {
    controlPlane,
    sandbox,
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]()
      await controlPlane[Symbol.asyncDispose]()
    },
  }
}

/** Makes `entries` the repl's newest snapshot, as somebody could who has the store's credentials. */
async function plant({ objectStore, repl }: ControlPlane, entries: SnapshotEntry[]): Promise<void> {
  const sealed = await sealSnapshot(entries, {
    known: new Map(),
    packBytes: new Map(),
    store: async (pack) => void (await objectStore.put(packKey(repl.ownerId, pack.sha256), pack.bytes)),
  })
  const { sha256, bytes } = sealed.manifest
  await objectStore.put(manifestKey(repl.replId, sha256), bytes)
  const head = { repl: repl.replId, owner: repl.ownerId, manifest: sha256, generation: 0, savedAt: 1 }
  await writeHead(objectStore, { ...head, files: 0, bytes: 0, reason: 'seed' }, null)
}

const folder = (path: string): SnapshotEntry => ({ type: 'directory', root: 'workspace', path, mode: 0o755, mtime: 0 })
const emptyFile = (path: string): SnapshotEntry => ({
  type: 'file',
  root: 'workspace',
  path: byteStringOf(path),
  mode: 0o644,
  mtime: 0,
  size: 0,
  chunks: [],
})

describe('adoption', { timeout: 30_000 }, () => {
  test('restores the template, opens the runner without anything secret, and says so', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const lines = await controlPlane.adopt(sandbox)
    expect(lines.at(-1)).toEqual({ phase: 'done', names: ['a.js'] })
    expect(lines.map((line) => line.phase)).toEqual(expect.arrayContaining(['restoring', 'opening', 'done']))
    expect(readdirSync(sandbox.workspace).sort()).toEqual(['.gitignore', 'README.md', 'index.js', 'package.json'])
    const [open] = sandbox.runnerCalls.filter((call) => call.path === '/open')
    expect(JSON.parse(open?.body ?? '{}')).toMatchObject({ repl: controlPlane.repl.replId, replName: 'test' })
    expect(open?.body).not.toContain('token')
  })

  test('a machine that crashes soon after a restore may have lost what was restored: it is done again, until it is on the disk', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await controlPlane.adopt(sandbox)
    const file = join(sandbox.workspace, 'index.js')
    const content = readFileSync(file, 'utf8')
    const marker = join(sandbox.folder, 'state', 'adoption.json')
    const crash = async () => {
      await sandbox.killSidecar()
      writeFileSync(marker, readFileSync(marker, 'utf8').replace(/"boot":"[^"]+"/, '"boot":"the one before"'))
      writeFileSync(file, '')
      await sandbox.startSidecar()
      await controlPlane.adopt(sandbox)
      await controlPlane.save(sandbox)
    }
    await crash()
    expect(readFileSync(file, 'utf8')).toBe(content)
    await settle({ stateDir: join(sandbox.folder, 'state'), volumeDir: join(sandbox.folder, 'volume') })
    await crash()
    // What is there now is newer than any snapshot.
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('the first start finds the head its own already, the next one takes it over', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const { objectStore, repl } = controlPlane
    const etag = async () => (await objectStore.head(headKey(repl.replId)))?.etag
    const seededAs = await etag()
    await controlPlane.adopt(sandbox)
    expect(await etag()).toBe(seededAs)
    controlPlane.newestGeneration += 1
    await using next = await Sandbox.start(controlPlane)
    await controlPlane.adopt(next)
    expect((await controlPlane.workspaces.head(repl.replId))?.generation).toBe(2)
  })

  test('a head that it is handed is not asked for; a save goes on from it, and an older generation’s is refused', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const { repl, workspaces } = controlPlane
    await controlPlane.adopt(sandbox)
    controlPlane.newestGeneration += 1
    await using next = await Sandbox.start(controlPlane)
    const head = await workspaces.claim(repl.replId, 2)
    writeFileSync(join(sandbox.workspace, 'late.txt'), 'of the older one')
    await expect(controlPlane.save(sandbox)).rejects.toMatchObject({ code: 'conflict' })
    await controlPlane.adopt(next, { head })
    // The older one goes on trying to save, and asks each time.
    const askers = controlPlane.headTokens.map((token) => decodeJwt(token)['generation'])
    expect(new Set(askers)).toEqual(new Set([1]))
    expect(readdirSync(next.workspace).sort()).toEqual(['.gitignore', 'README.md', 'index.js', 'package.json'])
    writeFileSync(join(next.workspace, 'new.txt'), 'of the newer one')
    await expect(controlPlane.save(next)).resolves.toMatchObject({ phase: 'done' })
    await expect(workspaces.claim(repl.replId, 1)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('two at once join; another repl or generation is a conflict', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await Promise.all([controlPlane.adopt(sandbox), controlPlane.adopt(sandbox)])
    expect(sandbox.calls('/open')).toBe(1)
    await expect(controlPlane.adopt(sandbox, { generation: 2 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(controlPlane.adopt(sandbox, { repl: newId() })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('after a crash of the sidecar nothing is restored over live work', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await controlPlane.adopt(sandbox)
    await controlPlane.save(sandbox)
    writeFileSync(join(sandbox.workspace, 'index.js'), 'unsaved work')
    await sandbox.killSidecar()
    await sandbox.startSidecar()
    await expect(controlPlane.adopt(sandbox, { generation: 2 })).rejects.toMatchObject({ code: 'conflict' })
    await controlPlane.adopt(sandbox)
    expect(readFileSync(join(sandbox.workspace, 'index.js'), 'utf8')).toBe('unsaved work')
    expect(sandbox.calls('/open')).toBe(2)
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 4 })
  })

  test('a sidecar that died in the middle of a restore begins it anew', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    controlPlane.isStoreDown = true
    await expect(controlPlane.adopt(sandbox)).rejects.toMatchObject({ code: 'unavailable' })
    writeFileSync(join(sandbox.workspace, 'half'), 'of a restore')
    await sandbox.killSidecar()
    await sandbox.startSidecar()
    controlPlane.isStoreDown = false
    await controlPlane.adopt(sandbox)
    expect(readdirSync(sandbox.workspace)).not.toContain('half')
  })

  test('a half restored volume is never saved', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    controlPlane.isStoreDown = true
    await expect(controlPlane.adopt(sandbox)).rejects.toMatchObject({ code: 'unavailable' })
    controlPlane.isStoreDown = false
    await expect(controlPlane.stop(sandbox)).rejects.toMatchObject({ code: 'conflict' })
    expect(controlPlane.commits).toEqual([])
  })

  test('a dead runner keeps neither a re-adoption nor the last save from succeeding', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await controlPlane.adopt(sandbox)
    writeFileSync(join(sandbox.workspace, 'unsaved'), 'work')
    await sandbox.killRunner()
    await sandbox.killSidecar()
    await sandbox.startSidecar()
    await controlPlane.adopt(sandbox)
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 5 })
  })

  test('after a stop that failed the same generation can be resumed: the runner is opened, saving goes on', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await controlPlane.adopt(sandbox)
    controlPlane.isStoreDown = true
    writeFileSync(join(sandbox.workspace, 'unsaved'), 'work')
    await expect(controlPlane.stop(sandbox)).rejects.toMatchObject({ code: 'unavailable' })
    controlPlane.isStoreDown = false
    await controlPlane.adopt(sandbox)
    expect(sandbox.calls('/open')).toBe(2)
    await expect.poll(() => controlPlane.commits.at(-1)?.files, { timeout: 15_000 }).toBe(5)
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 5 })
  })

  test('a runner that was restarted is opened again, without a clone', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    await controlPlane.adopt(sandbox, { restore: false, clone: { url: 'https://example.com/x.git' } })
    sandbox.forgetOpening()
    await expect.poll(() => sandbox.calls('/open'), { timeout: 15_000 }).toBe(2)
    const [first, second] = sandbox.runnerCalls.filter((call) => call.path === '/open')
    expect(first?.body).toContain('example.com')
    expect(second?.body).not.toContain('example.com')
  })

  test('variables reach the runner at its opening and when they change, and those of now one that was restarted', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const told = (path: string) => sandbox.runnerCalls.filter((call) => call.path === path).at(-1)?.body ?? ''
    await controlPlane.adopt(sandbox, { variables: { TOKEN: 'the-first-value' } })
    expect(JSON.parse(told('/open'))).toMatchObject({ variables: { TOKEN: 'the-first-value' } })
    await controlPlane.sidecar.setVariables(sandbox.id, { TOKEN: 'the-second-value' }, AbortSignal.timeout(15_000))
    expect(JSON.parse(told('/variables'))).toEqual({ variables: { TOKEN: 'the-second-value' } })
    sandbox.forgetOpening()
    await expect.poll(() => sandbox.calls('/open'), { timeout: 15_000 }).toBe(2)
    expect(JSON.parse(told('/open'))).toMatchObject({ variables: { TOKEN: 'the-second-value' } })
    await controlPlane.adopt(sandbox, { variables: { TOKEN: 'the-third-value' } })
    expect(JSON.parse(told('/open'))).toMatchObject({ variables: { TOKEN: 'the-third-value' } })
    const kept = readdirSync(sandbox.folder, { recursive: true, withFileTypes: true })
    const files = kept.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    expect(files.filter((file) => /the-\w+-value/.test(readFileSync(file, 'latin1')))).toEqual([])
  })

  test('what lies in the volume already is removed, and symlinks in it are not followed', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const outside = mkdtempSync('/tmp/devex-outside-')
    writeFileSync(join(outside, 'precious'), 'kept')
    symlinkSync(outside, join(sandbox.workspace, 'README.md'))
    symlinkSync(outside, join(sandbox.home, 'link'))
    await controlPlane.adopt(sandbox)
    expect(readdirSync(outside)).toEqual(['precious'])
    rmSync(outside, { recursive: true })
  })

  test('a workspace folder that is a symlink is refused, and nothing is written behind it', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const outside = mkdtempSync('/tmp/devex-outside-')
    rmSync(sandbox.workspace, { recursive: true })
    symlinkSync(outside, sandbox.workspace)
    await expect(controlPlane.adopt(sandbox)).rejects.toMatchObject({ code: 'internal' })
    expect(readdirSync(outside)).toEqual([])
    rmSync(sandbox.workspace)
    mkdirSync(sandbox.workspace)
    rmSync(outside, { recursive: true })
  })

  test('a tampered pack is refused', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    for await (const { key, bytes } of controlPlane.objectStore.list(`owners/`))
      await controlPlane.objectStore.put(key, Buffer.alloc(bytes, 1))
    await expect(controlPlane.adopt(sandbox)).rejects.toMatchObject({
      message: expect.stringContaining('is not a pack'),
    })
    expect(sandbox.calls('/open')).toBe(0)
    expect(readdirSync(sandbox.workspace)).toEqual([])
  })

  test.each([
    ['a parent reference', [folder(''), emptyFile('../../escaped')]],
    ['an absolute path', [folder(''), emptyFile('/tmp/devex-escaped')]],
    [
      'a file behind a symlink',
      [
        folder(''),
        { type: 'symlink', root: 'workspace', path: 'a', mode: 0o777, mtime: 0, target: '/tmp' } as const,
        emptyFile('a/devex-escaped'),
      ],
    ],
    ['a path that is there twice', [folder(''), emptyFile('a'), emptyFile('a')]],
    ['a file whose folder is missing', [folder(''), emptyFile('a/b')]],
    ['a NUL in a name', [folder(''), emptyFile('a\0b')]],
  ])('S8: a manifest with %s is refused before anything is written', async (_name, entries) => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await plant(controlPlane, entries)
    await expect(controlPlane.adopt(sandbox)).rejects.toMatchObject({ code: 'internal' })
    expect(readdirSync(sandbox.workspace)).toEqual([])
    expect(sandbox.calls('/open')).toBe(0)
  })

  test('S4: no token, a token for another sandbox, another route or another audience: refused', async () => {
    await using run = await seeded()
    const { controlPlane, sandbox } = run
    const { tokens, repl } = controlPlane
    const ask = (path: string, token: string | undefined) =>
      statusOf(join(sandbox.folder, 'sidecar.sock'), { path, token })
    expect(await ask('/adopt', undefined)).toBe(401)
    expect(await ask('/adopt', 'nonsense')).toBe(401)
    expect(await ask('/adopt', await tokens.sidecar({ sandbox: 'saaaaaaaaaaaaaaa', purpose: 'adopt' }))).toBe(403)
    expect(await ask('/stop', await tokens.sidecar({ sandbox: sandbox.id, purpose: 'adopt' }))).toBe(403)
    expect(await ask('/restore', await tokens.sidecar({ sandbox: sandbox.id, purpose: 'save' }))).toBe(403)
    const generation = await tokens.generation({ sandbox: sandbox.id, repl: repl.replId, generation: 1 })
    expect(await ask('/adopt', generation)).toBe(401)
    const adopt = await tokens.sidecar({ sandbox: sandbox.id, purpose: 'adopt' })
    expect(await statusOf(controlPlane.socket, { path: INTERNAL_ROUTES.uploads, token: adopt })).toBe(401)
    expect(await statusOf(controlPlane.socket, { path: INTERNAL_ROUTES.commit, token: undefined })).toBe(401)
  })
})

function statusOf(socketPath: string, call: { path: string; token: string | undefined }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }
    const sent = request({ socketPath, path: call.path, method: 'POST', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject)
    sent.end('{}')
  })
}
