import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PROGRESS_SAVE_MS } from '#server/repls/limits.ts'
import { createProgress, ofTotal } from '#server/repls/progress.ts'
import type { PhaseUpdate, ReplEvent } from '#server/repls/repl-events.ts'
import type { Repl } from '#server/repls/record.ts'

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
  // Time stands still unless a test moves it: what would wait never ends.
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const settle = () => vi.advanceTimersByTimeAsync(0)

  test('details of one phase are thinned out to one a pause, and the newest wins', async () => {
    const { written, progress } = recorder()
    for (let i = 0; i < 1000; i++) progress.show({ name: 'restore', detail: `${i}` })
    await settle()
    expect(written).toEqual([{ name: 'restore', detail: '0' }])
    await vi.advanceTimersByTimeAsync(PROGRESS_SAVE_MS)
    expect(written.slice(1)).toEqual([{ name: 'restore', detail: '999' }])
    await progress[Symbol.asyncDispose]()
  })

  test('a new phase is written at once', async () => {
    const { written, progress } = recorder()
    progress.show({ name: 'restore' })
    await settle()
    progress.show({ name: 'open' })
    await settle()
    expect(written.map(({ name }) => name)).toEqual(['restore', 'open'])
    await progress[Symbol.asyncDispose]()
  })

  test('the end waits for no pause, also when it comes during a write', async () => {
    const { written, progress } = recorder()
    progress.show({ name: 'restore' })
    await progress[Symbol.asyncDispose]()
    progress.show({ name: 'open' })
    await settle()
    expect(written.map(({ name }) => name)).toEqual(['restore'])
  })

  test('totals read well', () => {
    expect(ofTotal(312, 2000, 'files')).toEqual({ detail: '312 of 2,000 files', percent: 15.6 })
    expect(ofTotal(0, 0, 'files')).toEqual({ detail: '0 of 0 files' })
  })
})
