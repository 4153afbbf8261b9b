import { describe, expect, test } from 'vitest'
import { AppError } from '#server/errors.ts'
import { eventually, openTestBed, reached, sweepIdle, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { CreateRepl } from '#server/repls/views.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }

/** Lines without their time, with ids and durations replaced. */
function linesOf({ lines, world }: TestBed, replId: string): string[] {
  const sandboxes = world.calls.map(({ id }) => id).filter((id) => id.startsWith('s') && id !== replId)
  return lines.map((line) => {
    const scrubbed = line.replaceAll(replId, 'R').replaceAll(/(ms)=\d+/gi, '$1=N')
    return sandboxes.reduce((text, id) => text.replaceAll(id, 'S'), scrubbed).slice('00:00:00.000 '.length)
  })
}

async function create(b: TestBed): Promise<string> {
  const { id } = await b.domain.repls.create(ada, NODE)
  await reached(b.domain, ada, { replId: id, kinds: ['running', 'failed'] })
  return id
}

describe('what a person reads in the log', () => {
  test('a life is a line for each thing that happened to it', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const id = await create(b)
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
    await b.domain.repls.delete(ada, id)
    await b.domain.repls.restore(ada, id)
    const started = 'INFO  started a REPL repl=R generation=1 sandbox=S ms=N from=cold'
    const created = 'INFO  created a REPL repl=R template=node source=template ms=N'
    const lines = linesOf(b, id)
    // A start goes on while its create is being answered.
    expect(lines.slice(0, 2).toSorted()).toEqual([created, started])
    expect(lines.slice(2)).toEqual([
      'INFO  stopped a REPL repl=R generation=1 sandbox=S ms=N files=3 bytes=30',
      'INFO  deleted a REPL repl=R generation=1',
      'INFO  restored a deleted REPL repl=R generation=1',
    ])
  })

  test('what runs when it is deleted is stopped, then deleted, each said once', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const id = await create(b)
    await b.domain.repls.delete(ada, id)
    await eventually(() => b.lines.length).toBe(4)
    expect(linesOf(b, id).slice(2)).toEqual([
      'INFO  stopped a REPL repl=R generation=1 sandbox=S ms=N files=3 bytes=30',
      'INFO  deleted a REPL repl=R generation=1',
    ])
  })

  test('a start that failed is one line with its reason, however long the reason is', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    b.world.break('adopt', new AppError('not_found', 'remote: '.padEnd(1_000_000, 'x')))
    const id = await create(b)
    const failed = linesOf(b, id).filter((line) => line.includes('failed'))
    expect(failed).toEqual([
      expect.stringMatching(/^WARN {2}a start failed repl=R generation=1 sandbox=S ms=N code=not_found error="remote:/),
    ])
    expect(failed[0]?.length).toBeLessThan(2500)
  })

  test('a start from a spare says so', async () => {
    await using b = await openTestBed(openSqliteStateStore, { limits: { SPARE_SANDBOXES: 1 } })
    await eventually(() => [...b.world.machines.values()].some(({ sandbox }) => sandbox.state === 'up')).toBe(true)
    const id = await create(b)
    expect(linesOf(b, id)).toContain('INFO  started a REPL repl=R generation=1 sandbox=S ms=N from=spare')
  })

  test('a runner that died and was started again is two facts: its death and its return', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const id = await create(b)
    b.world.kill(b.world.machineOf(id).sandbox.id, 'runner')
    await eventually(() => linesOf(b, id)).toContain('INFO  resumed a REPL repl=R generation=1 sandbox=S ms=N')
    expect(linesOf(b, id)).toContain('INFO  restarted a runner repl=R generation=1 sandbox=S ms=N')
  })

  test('an idle stop says for how long nobody worked, and an orphan whose it was', async () => {
    await using b = await openTestBed(openSqliteStateStore, { limits: { IDLE_STOP_MINUTES: 1 } })
    const id = await create(b)
    b.world.break('remove')
    b.advance(61_000)
    await sweepIdle(b)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
    expect(linesOf(b, id)).toContainEqual(
      expect.stringMatching(/^INFO {2}stopping an idle REPL repl=R generation=1 idleMs=N limitMs=N$/),
    )
    b.world.mend('remove')
    await b.domain.sweeper.sweep()
    expect(linesOf(b, id)).toContain('INFO  removed a sandbox that no REPL has sandbox=S repl=R generation=1')
  })
})
