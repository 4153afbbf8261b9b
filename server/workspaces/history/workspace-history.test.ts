import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { writeHead } from '#server/workspaces/head.ts'
import { FORGOTTEN_KEEP_MS, MAX_NAMED } from '#server/workspaces/history/retention.ts'
import { createWorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

test('what a start works on by now is not moved under it', { timeout: 30_000 }, async () => {
  await using controlPlane = await ControlPlane.start(openDisk)
  const { objectStore, repl } = controlPlane
  const history = createWorkspaceHistory({ objectStore })
  {
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    writeFileSync(join(sandbox.workspace, 'a.txt'), 'one')
    await controlPlane.stop(sandbox)
  }
  const generation = await history.generation(repl.replId)
  const [{ manifest } = { manifest: '' }] = await history.rows(repl.replId)
  await expect(history.moveTo(repl, { manifest, generation })).resolves.toMatchObject({ reason: 'restore', manifest })
  controlPlane.newestGeneration += 1
  await using next = await Sandbox.start(controlPlane)
  await controlPlane.adopt(next)
  await expect(history.moveTo(repl, { manifest, generation })).rejects.toMatchObject({ code: 'conflict' })
})

/** A head, and as many snapshots before it as there are names. */
async function withSnapshots({ objectStore, repl }: ControlPlane, names: (string | undefined)[]): Promise<void> {
  const row = () => ({
    id: newId(),
    manifest: randomBytes(32).toString('hex'),
    savedAt: Date.now(),
    files: 1,
    bytes: 1,
    reason: 'auto' as const,
  })
  const { id, ...newest } = row()
  const rest = names.map((name) => ({ ...row(), ...(name !== undefined && { name }) }))
  const head = { repl: repl.replId, owner: repl.ownerId, generation: 1, ...newest }
  await writeHead(objectStore, { ...head, history: [{ id, ...newest }, ...rest] }, null)
}

test('a REPL keeps so many checkpoints, and one more only for one that goes', async () => {
  await using controlPlane = await ControlPlane.start(openDisk)
  const { objectStore, repl } = controlPlane
  const history = createWorkspaceHistory({ objectStore })
  await withSnapshots(controlPlane, [undefined, ...Array.from({ length: MAX_NAMED }, (_, at) => `checkpoint ${at}`)])
  const [, unnamed, first, second] = (await history.rows(repl.replId)).map(({ id }) => id)
  const refused = { code: 'quota_exceeded' }
  await expect(history.mark(repl.replId, { reason: 'checkpoint', name: 'more' })).rejects.toMatchObject(refused)
  await expect(history.rename(repl.replId, unnamed ?? '', 'more')).rejects.toMatchObject(refused)
  await expect(history.rename(repl.replId, first ?? '', 'another name')).resolves.toMatchObject({
    name: 'another name',
  })
  await expect(history.mark(repl.replId, { reason: 'before-agent' })).resolves.toMatchObject({ reason: 'before-agent' })
  await history.rename(repl.replId, first ?? '', null)
  await expect(history.rename(repl.replId, unnamed ?? '', 'more')).resolves.toMatchObject({ name: 'more' })
  await history.remove(repl.replId, second ?? '')
  await expect(history.mark(repl.replId, { reason: 'checkpoint', name: 'last' })).resolves.toMatchObject({
    name: 'last',
  })
})

test('what is forgotten can be recalled for a week, as it was, and is then gone with the next change', async () => {
  await using controlPlane = await ControlPlane.start(openDisk)
  const { objectStore, repl } = controlPlane
  let now = Date.now()
  const history = createWorkspaceHistory({ objectStore, now: () => now })
  await withSnapshots(controlPlane, ['mine', 'another'])
  const [newest, mine, another] = await history.rows(repl.replId)
  const id = mine?.id ?? ''
  await expect(history.forget(repl.replId, newest?.id ?? '')).rejects.toMatchObject({ code: 'conflict' })
  await history.forget(repl.replId, id)
  expect(await history.row(repl.replId, id)).toMatchObject({ name: 'mine', forgottenAt: now })
  now += FORGOTTEN_KEEP_MS - 1
  await history.mark(repl.replId, { reason: 'before-agent' })
  expect(await history.recall(repl.replId, id)).toEqual(mine)

  await history.forget(repl.replId, id)
  now += FORGOTTEN_KEEP_MS + 1
  await history.mark(repl.replId, { reason: 'restore' })
  await expect(history.recall(repl.replId, id)).rejects.toMatchObject({ code: 'not_found' })
  await history.remove(repl.replId, another?.id ?? '')
  await expect(history.row(repl.replId, another?.id ?? '')).rejects.toMatchObject({ code: 'not_found' })
})
