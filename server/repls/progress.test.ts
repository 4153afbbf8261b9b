import { describe, expect, test } from 'vitest'
import { openTestBed, user } from '#server/repls/_domain.ts'
import { PROGRESS_SAVE_MS } from '#server/repls/limits.ts'
import { createProgress, ofTotal } from '#server/repls/progress.ts'
import type { PhaseUpdate, ReplEvent } from '#server/repls/repl-events.ts'
import type { Repl } from '#server/repls/record.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const REPL: Repl = {
  format: 1,
  id: 'a234567890123456',
  name: 'Tool',
  template: 'node',
  source: { kind: 'template' },
  owner: { id: 'u234567890123456', name: 'Ada' },
  generation: 1,
  fence: 1,
  state: { kind: 'starting', mode: 'fresh', sandboxId: null, phases: [], revivals: 0 },
  createdAt: 1,
  lastUsedAt: 1,
  activeAt: 1,
  publicPorts: [],
}

function recorder() {
  const written: PhaseUpdate[] = []
  const apply = async (event: ReplEvent) => {
    if (event.type === 'phase') written.push(event.phase)
    return REPL
  }
  return { written, progress: createProgress({ repl: REPL, signal: new AbortController().signal, apply }, Date.now) }
}

describe('progress', () => {
  test('details of one phase are thinned out, a new phase is written at once', async () => {
    const { written, progress } = recorder()
    for (let i = 0; i < 1000; i++) progress.show({ name: 'restore', detail: `${i}` })
    await expect.poll(() => written.length).toBe(1)
    progress.show({ name: 'restore', detail: 'held back' })
    const at = performance.now()
    progress.show({ name: 'open' })
    await expect.poll(() => written.at(-1)?.name, { interval: 5 }).toBe('open')
    expect(performance.now() - at).toBeLessThan(PROGRESS_SAVE_MS)
    expect(written).toHaveLength(2)
    await progress[Symbol.asyncDispose]()
  })

  test('the end waits for no pause', async () => {
    const { progress } = recorder()
    progress.show({ name: 'restore' })
    const at = performance.now()
    await progress[Symbol.asyncDispose]()
    expect(performance.now() - at).toBeLessThan(PROGRESS_SAVE_MS)
  })

  test('a start with nothing slow in it takes no pause at all', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const who = user('Ada')
    const { id } = await b.domain.repls.create(who, { source: { kind: 'template', template: 'node' } })
    const at = performance.now()
    await b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000))
    expect(performance.now() - at).toBeLessThan(PROGRESS_SAVE_MS)
  })

  test('totals read well', () => {
    expect(ofTotal(312, 2000, 'files')).toEqual({ detail: '312 of 2,000 files', percent: 15.6 })
    expect(ofTotal(0, 0, 'files')).toEqual({ detail: '0 of 0 files' })
  })
})
