import { describe, expect, test } from 'vitest'
import type { Principal } from '#server/auth/principal.ts'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { appOf, createPeople } from '#server/trpc/_app.ts'
import { appRouter, createCaller } from '#server/trpc/router.ts'

const PUBLIC_URL = new URL('http://localhost:3000')
const NODE = { source: { kind: 'template' as const, template: 'node' } }

type Caller = ReturnType<typeof createCaller>

/** A repl of Ada's with somebody in every role. */
async function stage() {
  const b = await openTestBed(openSqliteStateStore)
  const app = appOf(b, { people: createPeople(), publicUrl: PUBLIC_URL })
  const as = (who: Principal | undefined) => createCaller({ app, who })
  const people = { owner: user('Ada'), editor: user('Ed'), viewer: user('Vi'), stranger: user('Eve') }
  const { id } = await as(people.owner).repls.create(NODE)
  await reached(b.domain, people.owner, { replId: id, kinds: ['running'] })
  for (const role of ['editor', 'viewer'] as const) {
    const { token } = await as(people.owner).shares.create({ replId: id, role })
    await b.domain.shares.redeem(people[role], token)
  }
  const open = await as(people.owner).shares.create({ replId: id, role: 'viewer', allowSignedOut: true })
  const { guestCookie } = await b.domain.shares.redeem(undefined, open.token)
  const guest = await b.domain.resolveGuest(guestCookie?.value ?? '')
  return { b, as, id, people: { ...people, guest, nobody: undefined } }
}

/** The first thing that a subscription gives. */
async function first(subscription: Promise<AsyncIterable<unknown>>): Promise<unknown> {
  for await (const value of await subscription) return value
  return undefined
}

type Outcome = 'ok' | 'not_found' | 'forbidden' | 'unauthenticated' | 'conflict' | 'not_supported'
type Row = {
  name: string
  call: (caller: Caller, replId: string) => Promise<unknown>
  outcomes: Record<string, Outcome>
}

/** Owner, editor, viewer, guest, stranger, nobody. */
function row(name: string, outcomes: Outcome[], call: Row['call']): Row {
  const [owner = 'ok', editor = 'ok', viewer = 'ok', guest = 'ok', stranger = 'ok', nobody = 'ok'] = outcomes
  return { name, call, outcomes: { owner, editor, viewer, guest, stranger, nobody } }
}

const NO = 'forbidden'
const ABSENT = 'not_found'
const WHO = 'unauthenticated'
/** Allowed, and the stand-in's answer to it. */
const YES = 'not_supported'
const SHARE = 'a234567890123456'
const TOKEN = { name: 'A machine', expiresAt: Date.now() + 60_000 }

const MATRIX: Row[] = [
  row('account.get', ['ok', 'ok', 'ok', 'ok', 'ok', WHO], (caller) => caller.account.get()),
  row('templates.list', ['ok', 'ok', 'ok', 'ok', 'ok', WHO], (caller) => caller.templates.list()),
  row('repls.list', ['ok', 'ok', 'ok', 'ok', 'ok', WHO], (caller) => caller.repls.list()),
  row('repls.create', ['ok', 'ok', 'ok', NO, 'ok', WHO], (caller) => caller.repls.create(NODE)),
  row('repls.watchList', ['ok', 'ok', 'ok', 'ok', 'ok', WHO], (caller) => first(caller.repls.watchList())),
  row('repls.get', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) => caller.repls.get({ replId })),
  row('repls.watch', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) => first(caller.repls.watch({ replId }))),
  row('repls.start', ['ok', 'ok', NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.start({ replId })),
  row('repls.rename', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.rename({ replId, name: 'x' })),
  row('repls.keepAwake', ['ok', 'ok', NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.repls.keepAwake({ replId, minutes: 5 }),
  ),
  row('repls.keep', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.keep({ replId })),
  row('repls.setPortPublic', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.repls.setPortPublic({ replId, port: 3000, isPublic: true }),
  ),
  row('repls.restore', ['conflict', NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.restore({ replId })),
  row('shares.list', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.shares.list({ replId })),
  row('shares.create', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.shares.create({ replId, role: 'viewer' }),
  ),
  row('shares.revoke', [ABSENT, NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.shares.revoke({ replId, shareId: SHARE }),
  ),
  row('shares.setOut', [ABSENT, NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.shares.setOut({ replId, shareId: SHARE, personId: SHARE, isOut: true }),
  ),
  row('variables.list', ['ok', 'ok', NO, NO, ABSENT, WHO], (caller, replId) => caller.variables.list({ replId })),
  row('variables.set', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.variables.set({ replId, values: { X: 'y' } }),
  ),
  row('variables.remove', [ABSENT, NO, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.variables.remove({ replId, name: 'X' }),
  ),
  row('history.list', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) => caller.history.list({ replId })),
  row('history.checkpoint', [YES, YES, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.history.checkpoint({ replId, name: 'x' }),
  ),
  row('history.rename', [YES, YES, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.history.rename({ replId, id: 'x', name: null }),
  ),
  row('history.forget', [YES, YES, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.history.forget({ replId, id: 'x' }),
  ),
  row('history.recall', [YES, YES, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.history.recall({ replId, id: 'x' }),
  ),
  row('history.remove', [YES, NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.history.remove({ replId, id: 'x' })),
  row('history.diff', [YES, YES, YES, YES, ABSENT, WHO], (caller, replId) =>
    caller.history.diff({ replId, from: 'x', to: 'x' }),
  ),
  row('history.tree', [YES, YES, YES, YES, ABSENT, WHO], (caller, replId) => caller.history.tree({ replId, id: 'x' })),
  row('history.file', [YES, YES, YES, YES, ABSENT, WHO], (caller, replId) =>
    caller.history.file({ replId, id: 'x', path: 'y' }),
  ),
  row('history.restore', [YES, YES, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.history.restore({ replId, id: 'x' }),
  ),
  row('history.fork', [YES, YES, YES, NO, ABSENT, WHO], (caller, replId) => caller.history.fork({ replId, id: 'x' })),
  row('agents.connections', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) =>
    caller.agents.connections({ replId }),
  ),
  row('agents.mine', ['ok', 'ok', 'ok', NO, 'ok', WHO], (caller) => caller.agents.mine()),
  row('agents.cut', [ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, WHO], (caller) =>
    caller.agents.cut({ connectionId: 'x' }),
  ),
  row('agents.calls', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) => caller.agents.calls({ replId })),
  row('agents.watch', ['ok', 'ok', 'ok', 'ok', ABSENT, WHO], (caller, replId) =>
    first(caller.agents.watch({ replId })),
  ),
  row('agents.undoRun', [ABSENT, ABSENT, NO, NO, ABSENT, WHO], (caller, replId) =>
    caller.agents.undoRun({ replId, run: 'x' }),
  ),
  row('agents.tokens.create', ['ok', 'ok', 'ok', NO, ABSENT, WHO], (caller, replId) =>
    caller.agents.tokens.create({ replId, ...TOKEN, scopes: ['repl:read'] }),
  ),
  row('agents.tokens.createForAccount', ['ok', 'ok', 'ok', NO, 'ok', WHO], (caller) =>
    caller.agents.tokens.createForAccount({ ...TOKEN, scopes: ['account:read'] }),
  ),
  row('agents.tokens.list', ['ok', 'ok', 'ok', NO, 'ok', WHO], (caller) => caller.agents.tokens.list()),
  row('agents.tokens.revoke', [ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, WHO], (caller) =>
    caller.agents.tokens.revoke({ connectionId: 'x' }),
  ),
  row('repls.stop', ['ok', 'ok', NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.stop({ replId })),
  row('repls.delete', ['ok', NO, NO, NO, ABSENT, WHO], (caller, replId) => caller.repls.delete({ replId })),
]

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    return codeOf(error)
  }
}

/** The code of our error inside tRPC's. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(error)
}

describe('who may do what', () => {
  // The owner comes last: deleting takes the repl from everybody.
  const order = ['nobody', 'stranger', 'guest', 'viewer', 'editor', 'owner'] as const

  test.each(MATRIX)('$name', async ({ call, outcomes }) => {
    const { b, as, id, people } = await stage()
    await using _ = b
    const seen: Record<string, string> = {}
    for (const role of order) seen[role] = await outcomeOf(call(as(people[role]), id))
    expect(seen).toEqual(outcomes)
  })

  test('every procedure stands in the table', () => {
    const names = MATRIX.map(({ name }) => name)
    expect(names.toSorted()).toEqual(Object.keys(appRouter._def.procedures).toSorted())
  })

  test('a deleted repl is seen by its owner only', async () => {
    const { b, as, id, people } = await stage()
    await using _ = b
    await as(people.owner).repls.delete({ replId: id })
    expect((await as(people.owner).repls.get({ replId: id })).state.kind).toBe('deleted')
    for (const role of ['editor', 'viewer', 'guest', 'stranger'] as const) {
      expect(await outcomeOf(as(people[role]).repls.get({ replId: id }))).toBe('not_found')
      expect((await as(people[role]).repls.list()).map((view) => view.id)).not.toContain(id)
    }
  })

  test('an unknown id is not found, a malformed one is bad input: never an internal error', async () => {
    const { b, as, people } = await stage()
    await using _ = b
    const { repls, shares } = as(people.owner)
    const known: Caller['repls']['get'][] = [repls.get, repls.start, repls.stop, repls.restore]
    for (const call of known) {
      expect(await outcomeOf(call({ replId: 'a000000000000000' }))).toBe('not_found')
      for (const replId of ['', 'x', '../etc', 'A234567890123456', 'a'.repeat(5000), 'repl:*']) {
        await expect(call({ replId })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
      }
    }
    expect(await outcomeOf(shares.list({ replId: 'a000000000000000' }))).toBe('not_found')
    expect(b.lines.filter((line) => / (WARN|ERROR) /.test(line))).toEqual([])
  })
})

describe('names', () => {
  test('S13: markup is text, kept as it is', async () => {
    const { b, as, id, people } = await stage()
    await using _ = b
    const name = '<img src=x onerror=alert(1)>'
    await as(people.owner).repls.rename({ replId: id, name })
    expect((await as(people.viewer).repls.get({ replId: id })).name).toBe(name)
  })

  test('S13: control characters, nothing, too much and broken Unicode are refused in words', async () => {
    const { b, as, id, people } = await stage()
    await using _ = b
    const bad = ['a\u0000b', 'a\u001b[31mb', 'two\nlines', 'a\u009fb', '', '   ', 'x'.repeat(300), '\ud800']
    for (const name of bad) {
      await expect(as(people.owner).repls.rename({ replId: id, name })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
      await expect(as(people.owner).repls.create({ ...NODE, name })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    }
    expect((await as(people.owner).repls.list()).map((repl) => repl.name)).toEqual(['Node.js'])
  })
})

test('who changed what stands in the log, and nothing else of what they sent', async () => {
  const { b, as, id, people } = await stage()
  const asked = () =>
    b.lines.filter((line) => line.includes('a person asked')).map((line) => line.replace(/^.*asked /, ''))
  const { owner, viewer } = people
  expect(asked()).toContain(`who=${owner.id} what=repls.create repl=${id} ok=true`)
  b.lines.length = 0
  await as(owner).repls.rename({ replId: id, name: 'a secret name' })
  await as(viewer)
    .repls.stop({ replId: id })
    .catch(() => undefined)
  await as(owner).repls.get({ replId: id })
  await as(undefined)
    .repls.stop({ replId: id })
    .catch(() => undefined)
  expect(asked()).toEqual([
    `who=${owner.id} what=repls.rename repl=${id} ok=true`,
    `who=${viewer.id} what=repls.stop repl=${id} ok=false code=forbidden`,
  ])
  const { token } = await as(owner).shares.create({ replId: id, role: 'viewer' })
  await b.domain.shares.redeem(viewer, token)
  expect(b.lines.join('\n')).toContain(`a share link was opened repl=${id} who=${viewer.id}`)
  expect(b.lines.join('\n')).not.toContain(token)
  expect(b.lines.join('\n')).not.toContain('secret')
})
