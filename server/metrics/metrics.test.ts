import { describe, expect, test } from 'vitest'
import { AppError } from '#server/errors.ts'
import { readEnv } from '#server/env.ts'
import { answerMetrics } from '#server/metrics/answer-metrics.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
const TOKEN = 'sixteen-characters-or-more'

/** The value of one figure, as Prometheus would read it. */
async function figure(metrics: Metrics, name: string): Promise<number | undefined> {
  const { text } = await metrics.read()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

describe('what is counted', () => {
  test('starts by what they began with, stops, and REPLs by state once they were swept', async () => {
    await using b = await openTestBed(openSqliteStateStore, { limits: { SPARE_SANDBOXES: 0 } })
    const { repls, sweeper } = b.domain
    const { id } = await repls.create(ada, NODE)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    await sweeper.sweep()
    const { metrics } = b
    expect(await figure(metrics, 'devex_start_duration_seconds_count{from="cold",outcome="ok"}')).toBe(1)
    expect(await figure(metrics, 'devex_repls{state="running"}')).toBe(1)
    expect(await figure(metrics, 'devex_repls{state="failed"}')).toBe(0)
    expect(await figure(metrics, 'devex_sweep_last_success_timestamp_seconds')).toBeGreaterThan(1e9)
    await repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
    expect(await figure(metrics, 'devex_stop_duration_seconds_count{outcome="ok"}')).toBe(1)
  })

  test('a start that failed, by the code of its error', async () => {
    await using b = await openTestBed(openSqliteStateStore, { limits: { SPARE_SANDBOXES: 0 } })
    b.world.break('create', new AppError('quota_exceeded', 'The cluster has no room.'))
    const { id } = await b.domain.repls.create(ada, NODE)
    await reached(b.domain, ada, { replId: id, kinds: ['failed'] })
    const name = 'devex_start_duration_seconds_count{from="cold",outcome="quota_exceeded"}'
    expect(await figure(b.metrics, name)).toBe(1)
  })

  test('REPLs by state are told by the one that swept last, and by nobody else', async () => {
    const metrics = createMetrics()
    metrics.swept({ repls: [], seconds: 0.1 })
    expect(await figure(metrics, 'devex_repls{state="running"}')).toBe(0)
    metrics.swept(undefined)
    expect(await figure(metrics, 'devex_repls{state="running"}')).toBeUndefined()
    expect(await figure(metrics, 'devex_sweep_duration_seconds_count')).toBe(1)
  })

  test('connections as they are when it is asked', async () => {
    const metrics = createMetrics()
    let connections = 2
    metrics.followConnections(() => connections)
    expect(await figure(metrics, 'devex_connections')).toBe(2)
    connections = 0
    expect(await figure(metrics, 'devex_connections')).toBe(0)
  })
})

describe('who may read it', () => {
  const ask = (env: Record<string, string>, headers: Record<string, string> = {}) =>
    answerMetrics(new Request('http://devex.test/api/metrics', { headers }), {
      env: readEnv(env),
      metrics: createMetrics(),
    })

  test('nobody, where no token is set', async () => {
    expect((await ask({}, { authorization: 'Bearer undefined' })).status).toBe(404)
  })

  test('nobody without the token, or with another one', async () => {
    for (const authorization of [undefined, 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
      const answer = await ask({ METRICS_TOKEN: TOKEN }, { ...(authorization !== undefined && { authorization }) })
      expect(answer.status).toBe(401)
      expect(await answer.text()).not.toContain('devex_')
    }
  })

  test('who has the token, as text that Prometheus takes', async () => {
    const answer = await ask({ METRICS_TOKEN: TOKEN }, { authorization: `Bearer ${TOKEN}` })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(await answer.text()).toContain('# TYPE devex_repls gauge')
  })

  test('a token that is easily guessed is no setting', () => {
    expect(() => readEnv({ METRICS_TOKEN: 'short' })).toThrow(/METRICS_TOKEN.*at least 16/)
  })
})
