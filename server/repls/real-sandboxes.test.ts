import { existsSync, mkdtempSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createContext } from '#server/context.ts'
import type { Application } from '#server/context.ts'
import { readEnv } from '#server/env.ts'
import { createLog } from '#server/log.ts'
import { user } from '#server/repls/_domain.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUNDLE = join(ROOT, '.build/sandbox')
const LIMIT_MS = 60_000
const why = existsSync(join(BUNDLE, 'sidecar.mjs')) ? '' : ' (skipped: npm run build has not made .build/sandbox)'

const ada = user('Ada')

interface Stage extends AsyncDisposable {
  app: Application
  folder: string
  /** The volume of the repl's sandbox, as its processes see it. */
  volumeOf(replId: string): Promise<string>
  lines: string[]
}

/** The whole application but its pages, over real runners and sidecars and the disk. */
async function stage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'devex-real-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const controlSocket = join(folder, 'control.sock')
  const internal = createServer()
  internal.listen(controlSocket)
  await once(internal, 'listening')
  opened.defer(() => {
    internal.close()
    internal.closeAllConnections()
  })
  const lines: string[] = []
  const app = opened.use(
    await createContext({
      env: readEnv({ ISOLATION: 'none', ALLOW_UNISOLATED: 'true', SPARE_SANDBOXES: '1' }),
      log: createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) }),
      dataFolder: folder,
      secret: 'a secret of a test, long enough for it',
      controlSocket,
      sandboxBundle: BUNDLE,
      templatesFolder: join(ROOT, 'templates'),
      publicUrl: () => new URL('http://localhost:3000'),
    }),
  )
  internal.on('request', app.internalApi)
  opened.defer(() => app.lifecycle.stopAll())
  const owned = opened.move()
  return {
    app,
    folder,
    lines,
    volumeOf: async (replId) => {
      const running = await app.lifecycle.ensureRunning(replId, AbortSignal.timeout(LIMIT_MS))
      return join(folder, 'sandboxes', running.sandboxId, 'volume')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const kindOf = async ({ app }: Stage, replId: string) => (await app.context.repls.get(ada, replId)).state.kind

describe.skipIf(why !== '')(`a life over real sandboxes${why}`, () => {
  test('what was written is there after stop and start, to the mode and the link', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { repls } = s.app.context
    const { id } = await repls.create(ada, { source: { kind: 'template', template: 'node' } })
    const first = join(await s.volumeOf(id), 'workspace')
    expect(await readdir(first)).toContain('index.js')
    await writeFile(join(first, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    await mkdir(join(first, 'empty'))
    await symlink('run.sh', join(first, 'link'))
    await rm(join(first, 'index.js'))

    await repls.stop(ada, id)
    await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('stopped')
    expect(existsSync(first)).toBe(false)

    const second = join(await s.volumeOf(id), 'workspace')
    expect(second).not.toBe(first)
    const names = await readdir(second)
    expect(names).toEqual(expect.arrayContaining(['empty', 'link', 'run.sh']))
    expect(names).not.toContain('index.js')
    expect((await stat(join(second, 'run.sh'))).mode & 0o777).toBe(0o755)
    expect(await readFile(join(second, 'link'), 'utf8')).toBe('#!/bin/sh\n')
    expect((await repls.get(ada, id)).savedAt).toBeGreaterThan(0)
  })

  test(
    'D1: with the store out of reach a stop keeps the sandbox; resumed and retried, nothing is lost',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { repls } = s.app.context
      const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
      const volume = await s.volumeOf(id)
      const objects = join(s.folder, 'objects')
      await rename(objects, `${objects}.away`)
      await writeFile(objects, 'in the way')
      await writeFile(join(volume, 'workspace', 'precious.txt'), 'the only copy')
      await repls.stop(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('failed')
      expect((await repls.get(ada, id)).state).toMatchObject({ during: 'stop', exits: ['retry-stop', 'resume'] })
      expect(await readFile(join(volume, 'workspace', 'precious.txt'), 'utf8')).toBe('the only copy')

      await repls.start(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('running')
      expect((await repls.get(ada, id)).generation).toBe(1)

      await rm(objects)
      await rename(`${objects}.away`, objects)
      await repls.stop(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('stopped')
      const again = await s.volumeOf(id)
      expect(await readFile(join(again, 'workspace', 'precious.txt'), 'utf8')).toBe('the only copy')
    },
  )

  test(
    'deleting leaves no sandbox and no process of it; restoring brings the files back',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { repls } = s.app.context
      const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
      await writeFile(join(await s.volumeOf(id), 'workspace', 'kept.txt'), 'kept')
      await repls.delete(ada, id)
      const sandboxes = await s.app.orchestrator.list()
      expect(sandboxes.filter(({ label }) => label !== undefined)).toEqual([])
      await repls.restore(ada, id)
      expect(await readFile(join(await s.volumeOf(id), 'workspace', 'kept.txt'), 'utf8')).toBe('kept')
    },
  )
})
