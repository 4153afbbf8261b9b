import { describe, expect, test } from 'vitest'
import { createUsers } from '#server/auth/users.ts'
import { openTestBed, reached } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { World } from '#server/repls/_stand-ins.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
const LIMIT_MS = 15_000

/** A machine without isolation on which an administrator and somebody else have signed in. */
async function unisolated(limits: { ALLOW_UNISOLATED?: boolean } = {}) {
  const world = new World()
  world.isolation = { ...world.isolation, level: 'none' }
  const bed = await openTestBed(openSqliteStateStore, { world, limits, administrator: 'Ada' })
  const users = createUsers(bed.stateStore)
  const signIn = async (name: string, isAdmin: boolean) => {
    const { id } = await users.signIn({ provider: 'github', accountId: name, login: name, name, isAdmin })
    return { kind: 'user', id, name, hasAvatar: false, isAdmin } as const
  }
  return { bed, admin: await signIn('Ada', true), other: await signIn('Mallory', false) }
}

/** A REPL that ran and was stopped. */
async function stoppedRepl(
  { domain }: TestBed,
  owner: Parameters<TestBed['domain']['repls']['create']>[0],
): Promise<string> {
  const { id } = await domain.repls.create(owner, NODE)
  await reached(domain, owner, { replId: id, kinds: ['running'] })
  await domain.repls.stop(owner, id)
  await reached(domain, owner, { replId: id, kinds: ['stopped'] })
  return id
}

describe('a machine that cannot isolate sandboxes', () => {
  test('runs REPLs of its administrator', async () => {
    const { bed, admin } = await unisolated()
    await using b = bed
    const id = await stoppedRepl(b, admin)
    expect(await b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(LIMIT_MS))).toMatchObject({ generation: 2 })
  })

  test('refuses everybody else with a way out, before anything is made', async () => {
    const { bed, other } = await unisolated()
    await using b = bed
    await expect(b.domain.repls.create(other, NODE)).rejects.toMatchObject({
      code: 'forbidden',
      advice: expect.stringContaining('ALLOW_UNISOLATED=true'),
    })
    expect(await b.domain.repls.list(other)).toEqual([])
    expect(b.world.count('seed') + b.world.count('create')).toBe(0)
  })

  test('neither starts nor wakes what others made while it could isolate', async () => {
    const { bed, admin, other } = await unisolated({ ALLOW_UNISOLATED: true })
    await using b = bed
    const id = await stoppedRepl(b, other)
    const strict = await b.another({ ALLOW_UNISOLATED: false }, 'Ada')
    await expect(strict.repls.start(other, id)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(strict.lifecycle.ensureRunning(id, AbortSignal.timeout(LIMIT_MS))).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(strict.repls.start(admin, id)).rejects.toMatchObject({ code: 'not_found' })
    expect((await strict.repls.get(other, id)).state.kind).toBe('stopped')
  })

  test('wakes nothing of a former administrator', async () => {
    const { bed, admin } = await unisolated()
    await using b = bed
    const id = await stoppedRepl(b, admin)
    const later = await b.another({}, 'Grace')
    await expect(later.lifecycle.ensureRunning(id, AbortSignal.timeout(LIMIT_MS))).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await later.repls.get(admin, id)).state.kind).toBe('stopped')
  })

  test.each([
    { ALLOW_UNISOLATED: false, role: 'viewer' },
    { ALLOW_UNISOLATED: true, role: 'editor' },
  ])(
    'a link for an editor makes its user $role where ALLOW_UNISOLATED=$ALLOW_UNISOLATED',
    async ({ role, ...limits }) => {
      const { bed, admin, other } = await unisolated(limits)
      await using b = bed
      const { id } = await b.domain.repls.create(admin, NODE)
      const { token } = await b.domain.shares.create(admin, id, { role: 'editor', allowSignedOut: false })
      await b.domain.shares.redeem(other, token)
      expect(await b.domain.access.grantOf(other, id)).toMatchObject({ role })
      expect(await b.domain.repls.list(other)).toMatchObject([{ id, role }])
      expect(await b.domain.access.grantOf(admin, id)).toMatchObject({ role: 'owner' })
    },
  )

  test('warns of it, and whose programs it runs', async () => {
    const { bed } = await unisolated()
    await using b = bed
    expect(b.lines.join('\n')).toMatch(/WARN {2}sandboxes are not isolated.*startsBy=administrator/)
  })
})
