import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { openPromise } from 'yauzl'
import { user } from '#server/repls/_domain.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'
import type { Stage } from '#server/repls/_stage.ts'

const ada = user('Ada')
const bob = user('Bob')

interface Project {
  replId: string
  /** Its files, as its processes see them. */
  workspace: string
}

async function project(s: Stage): Promise<Project> {
  const { id } = await s.app.context.repls.create(ada, { source: { kind: 'template', template: 'empty' } })
  return { replId: id, workspace: join(await s.volumeOf(id), 'workspace') }
}

async function stop({ app }: Stage, replId: string): Promise<void> {
  await app.context.repls.stop(ada, replId)
  for await (const view of app.context.repls.watch(ada, replId, AbortSignal.timeout(LIMIT_MS))) {
    if (view.state.kind === 'stopped') return
  }
  throw new Error('it did not stop')
}

/** As `ls -l` would show them. */
async function namesInZip(file: string): Promise<string[]> {
  const zip = await openPromise(file)
  const names: string[] = []
  for await (const { fileName, externalFileAttributes } of zip.eachEntry())
    names.push(`${symbolic(externalFileAttributes >>> 16)} ${fileName.replace(/\/$/, '')}`)
  return names
}

function symbolic(mode: number): string {
  const kind = { 0o100000: '-', 0o040000: 'd', 0o120000: 'l' }[mode & 0o170000] ?? '?'
  const letters = Array.from('rwxrwxrwx', (letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'))
  return kind + letters.join('')
}

function namesInTar(file: string): string[] {
  const listed = execFileSync('tar', ['tvzf', file, '--quoting-style=literal'], { encoding: 'utf8' })
  return listed.split('\n').map((line) => line.replace(/^(\S+) .* \d\d:\d\d /, '$1 ').replace(/ -> .*$/, ''))
}

describe.skipIf(why !== '')(`the past of a REPL${why}`, () => {
  test('D9: a checkpoint, a change, and all of it back while it runs, and undone', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { history } = s.app.context
    const { replId, workspace } = await project(s)
    await writeFile(join(workspace, 'a.txt'), 'one')
    await mkdir(join(workspace, 'empty'))
    const checkpoint = await history.checkpoint(ada, replId, 'before')
    expect(checkpoint).toMatchObject({ name: 'before', reason: 'checkpoint', actor: 'Ada', isNewest: true })
    await writeFile(join(workspace, 'a.txt'), 'two')
    await writeFile(join(workspace, 'b.txt'), 'new')
    await rm(join(workspace, 'empty'), { recursive: true })

    const { differences } = await history.diff(ada, replId, { from: checkpoint.id, to: 'now' })
    expect(differences).toEqual([
      expect.objectContaining({ path: 'a.txt', kind: 'changed', before: 3, after: 3 }),
      expect.objectContaining({ path: 'b.txt', kind: 'added' }),
      expect.objectContaining({ path: 'empty', kind: 'removed', type: 'directory' }),
    ])
    expect(await history.file(ada, replId, { id: checkpoint.id, path: 'a.txt' })).toMatchObject({ content: 'one' })
    expect(await history.file(ada, replId, { id: checkpoint.id, path: 'b.txt' })).toEqual({ kind: 'missing' })

    const { undo } = await history.restore(ada, replId, { id: checkpoint.id })
    expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe('one')
    expect(await readdir(workspace)).toContain('empty')
    expect(await readdir(workspace)).not.toContain('b.txt')
    await history.restore(ada, replId, { id: undo })
    expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe('two')
    expect(await readFile(join(workspace, 'b.txt'), 'utf8')).toBe('new')
  })

  test('one file comes back of a REPL that sleeps, and the rest stays', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { history } = s.app.context
    const { replId, workspace } = await project(s)
    await mkdir(join(workspace, 'src/deep'), { recursive: true })
    await writeFile(join(workspace, 'src/deep/a.txt'), 'one')
    await writeFile(join(workspace, 'b.txt'), 'one')
    const { id } = await history.checkpoint(ada, replId, 'before')
    await rm(join(workspace, 'src'), { recursive: true })
    await writeFile(join(workspace, 'b.txt'), 'two')
    await stop(s, replId)
    const { undo } = await history.restore(ada, replId, { id, paths: ['src/deep/a.txt'] })
    const again = join(await s.volumeOf(replId), 'workspace')
    expect(await readFile(join(again, 'src/deep/a.txt'), 'utf8')).toBe('one')
    expect(await readFile(join(again, 'b.txt'), 'utf8')).toBe('two')
    await stop(s, replId)
    await history.restore(ada, replId, { id: undo })
    const undone = join(await s.volumeOf(replId), 'workspace')
    expect(await readdir(undone)).not.toContain('src')
    await writeFile(join(undone, 'src'), 'a file now')
    await stop(s, replId)
    await expect(history.restore(ada, replId, { id, paths: ['src/deep/a.txt'] })).rejects.toMatchObject({
      code: 'conflict',
      message: 'src is no folder now.',
    })
  })

  test(
    'a name in any script comes back of a REPL that sleeps; one that never was is refused',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { history } = s.app.context
      const { replId, workspace } = await project(s)
      await mkdir(join(workspace, '文書'))
      await writeFile(join(workspace, '文書/é.txt'), 'one')
      const { id } = await history.checkpoint(ada, replId, 'before')
      await writeFile(join(workspace, '文書/é.txt'), 'two')
      await stop(s, replId)
      await expect(history.restore(ada, replId, { id, paths: ['nowhere'] })).rejects.toMatchObject({
        code: 'not_found',
      })
      await history.restore(ada, replId, { id, paths: ['文書/é.txt'] })
      expect(await readFile(join(await s.volumeOf(replId), 'workspace/文書/é.txt'), 'utf8')).toBe('one')
    },
  )

  test('a fork begins as the original was, and each goes its own way', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { history, repls } = s.app.context
    const { replId, workspace } = await project(s)
    await writeFile(join(workspace, 'a.txt'), 'one')
    const { id } = await history.checkpoint(ada, replId, 'before')
    await writeFile(join(workspace, 'a.txt'), 'two')
    const fork = await history.fork(ada, replId, { id, name: 'Fork' })
    expect(fork).toMatchObject({ name: 'Fork', role: 'owner', template: 'empty' })
    const forked = join(await s.volumeOf(fork.id), 'workspace')
    expect(await readFile(join(forked, 'a.txt'), 'utf8')).toBe('one')
    await writeFile(join(forked, 'a.txt'), 'three')
    expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe('two')
    await repls.delete(ada, replId)
    await stop(s, fork.id)
    expect(await readFile(join(await s.volumeOf(fork.id), 'workspace/a.txt'), 'utf8')).toBe('three')
  })

  test('a fork by somebody else has the project, and nothing of the home folder', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { history, shares } = s.app.context
    const { replId, workspace } = await project(s)
    await writeFile(join(workspace, 'a.txt'), 'one')
    await writeFile(join(workspace, '../home/.secret'), 'token')
    await expect(history.fork(bob, replId, {})).rejects.toMatchObject({ code: 'not_found' })
    const { token } = await shares.create(ada, replId, { role: 'viewer', allowSignedOut: false })
    await shares.redeem(bob, token)
    const fork = await history.fork(bob, replId, {})
    expect(fork.owner.id).toBe(bob.id)
    const volume = await s.volumeOf(fork.id)
    expect(await readFile(join(volume, 'workspace/a.txt'), 'utf8')).toBe('one')
    expect(await readdir(join(volume, 'home'))).not.toContain('.secret')
  })

  test(
    'D9: an archive of either kind holds modes, links and empty folders, and a zip comes back in',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { history } = s.app.context
      const { replId, workspace } = await project(s)
      await writeFile(join(workspace, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
      await writeFile(join(workspace, 'größe 大小.txt'), 'x'.repeat(3_000_000))
      await mkdir(join(workspace, 'empty/inner'), { recursive: true })
      await symlink('run.sh', join(workspace, 'link'))
      await stop(s, replId)
      for (const format of ['zip', 'tar.gz'] as const) {
        const { name, content } = await history.archive(ada, replId, { format })
        const file = join(s.folder, `made.${format}`)
        await pipeline(content, createWriteStream(file))
        expect(name).toMatch(new RegExp(`\\.${format}$`))
        expect(format === 'zip' ? await namesInZip(file) : namesInTar(file)).toEqual(
          expect.arrayContaining([
            '-rwxr-xr-x run.sh',
            'drwxr-xr-x empty/inner',
            'lrwxrwxrwx link',
            '-rw-r--r-- größe 大小.txt',
          ]),
        )
      }
      const imported = await history.importZip(ada, { file: join(s.folder, 'made.zip'), name: 'Imported' })
      const back = join(await s.volumeOf(imported.id), 'workspace')
      expect(await readFile(join(back, 'link'), 'utf8')).toBe('#!/bin/sh\n')
      expect((await readFile(join(back, 'größe 大小.txt'), 'utf8')).length).toBe(3_000_000)
    },
  )

  test('a viewer looks, and changes nothing; a stranger sees nothing', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    const { history, shares } = s.app.context
    const { replId } = await project(s)
    const { id } = await history.checkpoint(ada, replId, 'mine')
    await expect(history.list(bob, replId)).rejects.toMatchObject({ code: 'not_found' })
    await expect(history.archive(bob, replId, { format: 'zip' })).rejects.toMatchObject({ code: 'not_found' })
    const { token } = await shares.create(ada, replId, { role: 'viewer', allowSignedOut: false })
    await shares.redeem(bob, token)
    expect(await history.list(bob, replId)).toEqual(expect.arrayContaining([expect.objectContaining({ id })]))
    await expect(history.checkpoint(bob, replId, 'no')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(history.restore(bob, replId, { id })).rejects.toMatchObject({ code: 'forbidden' })
    for (const act of ['forget', 'recall', 'remove'] as const)
      await expect(history[act](bob, replId, id)).rejects.toMatchObject({ code: 'forbidden' })
    for (const act of ['forget', 'remove'] as const)
      await expect(history[act](ada, replId, id)).rejects.toMatchObject({ code: 'conflict' })
    const { id: newer } = await history.checkpoint(ada, replId, 'newer')
    await history.forget(ada, replId, id)
    expect((await history.list(bob, replId)).map((one) => one.id)).not.toContain(id)
    await expect(history.tree(bob, replId, id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(history.diff(bob, replId, { from: id, to: newer })).rejects.toMatchObject({ code: 'not_found' })
    expect((await history.tree(ada, replId, id)).id).toBe(id)
    await history.recall(ada, replId, id)
    expect((await history.tree(bob, replId, id)).id).toBe(id)
    await expect(history.restore(ada, replId, { id: 'no-such-id' })).rejects.toMatchObject({ code: 'not_found' })
  })
})
