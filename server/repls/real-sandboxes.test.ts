import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES, MAX_FILE_CHUNKS } from '#snapshot/limits.ts'
import { user } from '#server/repls/_domain.ts'
import { LIMIT_MS, STAGE_SECRET, stage, why } from '#server/repls/_stage.ts'
import type { Stage } from '#server/repls/_stage.ts'
import { loadSigningKey } from '#server/auth/keys.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { SWEEP_EVERY_MS } from '#server/repls/limits.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')

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
    'a stop keeps the sandbox of a file that no snapshot can hold, and says which; without it, it stops',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { repls } = s.app.context
      const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
      const image = join(await s.volumeOf(id), 'workspace', 'disk.img')
      await writeFile(image, 'content')
      await truncate(image, MAX_FILE_CHUNKS * CHUNK_BYTES + 1)
      await repls.stop(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('failed')
      expect((await repls.get(ada, id)).state).toMatchObject({
        during: 'stop',
        exits: ['retry-stop', 'resume'],
        error: { message: expect.stringContaining('workspace/disk.img (too large to be saved)') },
      })
      expect(existsSync(image)).toBe(true)

      await repls.start(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('running')
      await rm(image)
      await repls.stop(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('stopped')
    },
  )

  test(
    'a record that is older than the snapshot, as after the store was brought back, starts at the second try',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { repls } = s.app.context
      await using stateStore = await openSqliteStateStore({ file: join(s.folder, 'state.sqlite') })
      const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
      const key = `repl:${id}`
      await writeFile(join(await s.volumeOf(id), 'workspace', 'first.txt'), '1')
      const stopped = async () => {
        await repls.stop(ada, id)
        await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('stopped')
      }
      await stopped()
      const backup = await stateStore.get(key)
      for (const name of ['second.txt', 'third.txt', 'fourth.txt']) {
        await writeFile(join(await s.volumeOf(id), 'workspace', name), name)
        await stopped()
      }
      await stateStore.put(key, backup?.value ?? null, { expected: 'any' })
      await repls.start(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('failed')
      await repls.start(ada, id)
      await expect.poll(() => kindOf(s, id), { timeout: LIMIT_MS }).toBe('running')
      expect(await readFile(join(await s.volumeOf(id), 'workspace', 'fourth.txt'), 'utf8')).toBe('fourth.txt')
    },
  )

  test(
    'a key that the state store has lost is there again, as it was, for the next control plane',
    async () => {
      await using s = await stage()
      await using stateStore = await openSqliteStateStore({ file: join(s.folder, 'state.sqlite') })
      const key = 'signing-key:current'
      const box = createSecretBox(STAGE_SECRET)
      const before = await loadSigningKey(stateStore, box)
      await stateStore.delete(key, 'any')
      await expect.poll(() => stateStore.get(key), { timeout: 3 * SWEEP_EVERY_MS }).toBeDefined()
      expect(await loadSigningKey(stateStore, box)).toBe(before)
    },
    LIMIT_MS,
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
