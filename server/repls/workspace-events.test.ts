import { describe, expect, test } from 'vitest'
import type { GenerationClaims } from '#protocol/claims.ts'
import { newSandboxId } from '#protocol/ids.ts'
import { openTestBed, reached, sweepIdle, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')

async function running(b: TestBed): Promise<GenerationClaims> {
  const { id } = await b.domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(b.domain, ada, { replId: id, kinds: ['running'] })
  return { aud: 'control-plane', repl: id, generation: 1, sandbox: b.world.machineOf(id).sandbox.id }
}

const HEAD = { manifest: 'manifests/x', generation: 1, savedAt: 5000, files: 2, bytes: 10 }

describe('what sidecars tell', () => {
  test('the newest generation is authorised, with its owner and the name it has now', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    const ref = { replId: claims.repl, ownerId: ada.id }
    expect(await b.domain.workspaceEvents.authorize(claims)).toEqual({ ...ref, name: 'Node.js' })
    await b.domain.repls.rename(ada, claims.repl, 'Garden')
    expect(await b.domain.workspaceEvents.authorize(claims)).toEqual({ ...ref, name: 'Garden' })
  })

  test('S4: a token of another sandbox, repl or generation is refused by every call', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    const other = await running(b)
    const { workspaceEvents: events } = b.domain
    const refused: [GenerationClaims, string][] = [
      [{ ...claims, sandbox: other.sandbox }, 'forbidden'],
      [{ ...claims, repl: other.repl }, 'forbidden'],
      [{ ...claims, sandbox: newSandboxId() }, 'forbidden'],
      [{ ...claims, generation: 2 }, 'conflict'],
      [{ ...claims, repl: 'a234567890123456' }, 'conflict'],
    ]
    for (const [stale, code] of refused) {
      await expect(events.authorize(stale)).rejects.toMatchObject({ code })
      await expect(events.reported(stale, { usedBytes: 1 })).rejects.toMatchObject({ code })
    }
    for (const [stale] of refused) await expect(events.committed(stale, HEAD)).rejects.toHaveProperty('code')
    const view = await b.domain.repls.get(ada, claims.repl)
    expect(view).not.toHaveProperty('usedBytes')
    expect(view).not.toHaveProperty('savedAt')
  })

  test('a stopped repl’s last token is worth nothing, nor is it after the next start', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    await b.domain.repls.stop(ada, claims.repl)
    await reached(b.domain, ada, { replId: claims.repl, kinds: ['stopped'] })
    await expect(b.domain.workspaceEvents.authorize(claims)).rejects.toMatchObject({ code: 'conflict' })
    await b.domain.repls.start(ada, claims.repl)
    await reached(b.domain, ada, { replId: claims.repl, kinds: ['running'] })
    await expect(b.domain.workspaceEvents.authorize(claims)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a save and its trouble are shown', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    const { workspaceEvents: events } = b.domain
    await events.reported(claims, { usedBytes: 77, unsavedSince: 4000 })
    expect(await b.domain.repls.get(ada, claims.repl)).toMatchObject({ usedBytes: 77, unsavedSince: 4000 })
    await events.committed(claims, HEAD)
    const view = await b.domain.repls.get(ada, claims.repl)
    expect(view).toMatchObject({ savedAt: 5000 })
    expect(view).not.toHaveProperty('unsavedSince')
  })

  test('reports are written at most every 15 s, but for trouble with saving', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    const { workspaceEvents: events } = b.domain
    const used = async () => (await b.domain.repls.get(ada, claims.repl)).usedBytes
    await events.reported(claims, { usedBytes: 1 })
    await events.reported(claims, { usedBytes: 2 })
    expect(await used()).toBe(1)
    await events.reported(claims, { usedBytes: 3, unsavedSince: 1 })
    expect(await used()).toBe(3)
    b.advance(15_000)
    await events.reported(claims, { usedBytes: 4 })
    expect(await used()).toBe(4)
  })

  test('people see why a repl is awake: the last work of its sandbox, until a newer one is seen', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const claims = await running(b)
    const { workspaceEvents: events, repls } = b.domain
    const seen = async () => (await repls.get(ada, claims.repl)).lastWork?.by
    expect(await seen()).toBeUndefined()
    const at = b.now()
    b.advance(15_000)
    await events.reported(claims, { activeAt: at + 10, work: { kind: 'program', name: 'cargo' } })
    expect(await seen()).toEqual({ kind: 'program', name: 'cargo' })
    b.advance(15_000)
    await events.reported(claims, { activeAt: at + 5, work: { kind: 'terminal' } })
    expect(await seen()).toEqual({ kind: 'program', name: 'cargo' })
    b.advance(15_000)
    await events.reported(claims, { activeAt: at + 20_000, work: { kind: 'terminal' } })
    expect(await seen()).toEqual({ kind: 'terminal' })
  })

  test('a sandbox cannot claim to work in the future and so never to be idle', async () => {
    await using b = await openTestBed(openSqliteStateStore, { limits: { IDLE_STOP_MINUTES: 30 } })
    const claims = await running(b)
    await b.domain.workspaceEvents.reported(claims, { activeAt: b.now() + 1e12 })
    b.advance(31 * 60_000)
    await sweepIdle(b)
    const view = await reached(b.domain, ada, { replId: claims.repl, kinds: ['stopped'] })
    expect(view.generation).toBe(1)
  })
})
