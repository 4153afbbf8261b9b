import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { ErrorCode } from '#protocol/errors.ts'
import type { Repl, ReplState } from '#server/repls/record.ts'

/** Bounds of starts, stops and sweeps, in seconds: from a spare's start to the limit of a clone. */
const WORK_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 15, 60, 300]

/** Bounds of agents' calls: most take milliseconds, and a command yields after 45 s. */
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 15, 45, 120]

/** How a start went: what it began with, and the error's code where it failed. */
export interface StartOutcome {
  from: 'cold' | 'spare' | 'resume'
  outcome: 'ok' | ErrorCode
}

/**
 * What this process counts and measures. Durations are in seconds. Replicas count for themselves; what there is at all
 * (REPLs by state) only the one that swept last says.
 */
export interface Metrics {
  startEnded(how: StartOutcome, seconds: number): void
  stopEnded(outcome: 'ok' | 'failed', seconds: number): void
  /** A call of an agent, to a REPL or to its account. Every name is kept for good: it must be one of ours. */
  callEnded(call: { tool: string; ok: boolean }, seconds: number): void
  /** A pass of the sweeper over all records; `undefined`: another control plane was at it. */
  swept(pass: { repls: readonly Repl[]; seconds: number } | undefined): void
  /** How many connections of browsers to sandboxes there are is asked when it is to be told. */
  followConnections(count: () => number): void
  /** Measures this process too: memory, CPU, event loop, garbage collection. */
  measureProcess(): void
  /** All figures in Prometheus' text format, and that format's media type. */
  read(): Promise<{ text: string; contentType: string }>
}

/** Nothing counted yet. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const starts = new Histogram({
    name: 'devex_start_duration_seconds',
    help: 'Starts of REPLs, by what they began with and how they ended.',
    labelNames: ['from', 'outcome'],
    buckets: WORK_BUCKETS,
    registers,
  })
  const stops = new Histogram({
    name: 'devex_stop_duration_seconds',
    help: 'Stops of REPLs with their last save.',
    labelNames: ['outcome'],
    buckets: WORK_BUCKETS,
    registers,
  })
  const calls = new Histogram({
    name: 'devex_agent_call_duration_seconds',
    help: 'Tool calls of agents.',
    labelNames: ['tool', 'outcome'],
    buckets: CALL_BUCKETS,
    registers,
  })
  const sweeps = new Histogram({
    name: 'devex_sweep_duration_seconds',
    help: 'Passes of the sweeper, which puts records and sandboxes together again.',
    buckets: WORK_BUCKETS,
    registers,
  })
  const sweptAt = new Gauge({
    name: 'devex_sweep_last_success_timestamp_seconds',
    help: 'When a pass of this process last came to its end.',
    registers,
  })
  const states = new Gauge({
    name: 'devex_repls',
    help: 'REPLs by state, from the process that swept last.',
    labelNames: ['state'],
    registers,
  })
  return {
    startEnded: (how, seconds) => starts.observe({ ...how }, seconds),
    stopEnded: (outcome, seconds) => stops.observe({ outcome }, seconds),
    callEnded: ({ tool, ok }, seconds) => calls.observe({ tool, outcome: ok ? 'ok' : 'error' }, seconds),
    swept: (pass) => {
      states.reset()
      if (pass === undefined) return
      sweeps.observe(pass.seconds)
      sweptAt.setToCurrentTime()
      for (const [state, count] of Object.entries(countByState(pass.repls))) states.set({ state }, count)
    },
    followConnections: (count) => {
      const connections = new Gauge({
        name: 'devex_connections',
        help: 'Connections of browsers that lead to sandboxes: pages of REPLs, and previews’ sockets.',
        registers: [],
        collect() {
          this.set(count())
        },
      })
      registry.registerMetric(connections)
    },
    measureProcess: () => collectDefaultMetrics({ register: registry }),
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  }
}

/** Every state is told, also where nothing is in it: a figure that is missing looks like one that is not measured. */
function countByState(repls: readonly Repl[]): Record<ReplState['kind'], number> {
  const counts = { starting: 0, running: 0, stopping: 0, stopped: 0, failed: 0, deleted: 0 }
  for (const { state } of repls) counts[state.kind] += 1
  return counts
}
