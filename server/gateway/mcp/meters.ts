import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import { overuse } from '#server/gateway/mcp/refusals.ts'

const MINUTE = 60_000

/** A use of the way in, from a request to the end of its answer. */
export interface Use extends Disposable {
  /** Bytes that went either way. */
  bytes(count: number): void
  /** Goes on as a stream, where it was begun as a call. Throws `rate_limited` past the limit of those. */
  asStream(): void
}

/** What one connection or repl uses, as one control plane tells the others. */
export interface Told {
  key: string
  /** Open there now. */
  calls: number
  streams: number
  /** Spent there since it was told last. */
  callsSpent: number
  bytesSpent: number
}

/** How much agents use it: calls at a time, calls and bytes a minute, for each connection and each repl. */
export interface Meters {
  /** Throws `rate_limited` past a limit. `replId` absent: the account's server. */
  begin(use: { connectionId: string; replId: string | undefined; isStream: boolean }): Use
  /** What others do not know yet of what is used here; what is more than fits comes the next time. */
  news(): Told[]
  /** Counts what is used through another control plane. */
  heard(from: string, news: readonly Told[]): void
}

interface Meter {
  caps: Caps
  calls: number
  streams: number
  /** What is left in this minute's buckets, as of `at`. */
  callsLeft: number
  bytesLeft: number
  at: number
  /** What is open through each other control plane, as far as it was heard of. */
  elsewhere: Map<string, { calls: number; streams: number; until: number }>
  /** What the others do not know yet, and when they were told last. */
  callsSpent: number
  bytesSpent: number
  isChanged: boolean
  toldAt: number
}

interface Caps {
  calls: number
  streams: number
  callsPerMinute: number
  bytesPerMinute: number
}

export function createMeters(limits: McpLimits, callsPerMinute: number, now: () => number = Date.now): Meters {
  const { bytesPerMinute } = limits
  const meters = new Map<string, Meter>()
  /** Those of which there is, or will be, something to tell. */
  const toTell = new Map<string, Meter>()
  const ofConnection: Caps = { calls: limits.parallelCalls, streams: limits.streams, callsPerMinute, bytesPerMinute }
  const ofRepl: Caps = {
    calls: limits.parallelCallsPerRepl,
    streams: limits.streamsPerRepl,
    callsPerMinute: 2 * callsPerMinute,
    bytesPerMinute: 2 * bytesPerMinute,
  }

  const meterOf = (key: string): Meter => {
    const caps = key.startsWith(REPL) ? ofRepl : ofConnection
    const meter = meters.get(key) ?? newMeter(caps, now())
    refill(meter, now())
    meters.delete(key)
    meters.set(key, meter)
    forgetOldest()
    return meter
  }

  const forgetOldest = () => {
    for (const [key, { calls, streams }] of meters) {
      if (meters.size <= limits.maxMeters) return
      if (calls + streams > 0) continue
      meters.delete(key)
      toTell.delete(key)
    }
  }

  return {
    begin: ({ connectionId, replId, isStream }) => {
      const keys = [CONNECTION + connectionId, ...(replId === undefined ? [] : [REPL + replId])]
      const pairs = keys.map((key) => ({ key, meter: meterOf(key) }))
      for (const { meter } of pairs) {
        checkOpen(meter, isStream, now())
        checkSpent(meter)
      }
      let kind: 'streams' | 'calls' = isStream ? 'streams' : 'calls'
      const change = (opened: 1 | -1) => {
        for (const { key, meter } of pairs) {
          meter[kind] += opened
          meter.isChanged = true
          toTell.set(key, meter)
        }
      }
      const spend = (calls: number, bytes: number) => {
        for (const { key, meter } of pairs) {
          meter.callsLeft -= calls
          meter.bytesLeft -= bytes
          meter.callsSpent += calls
          meter.bytesSpent += bytes
          toTell.set(key, meter)
        }
      }
      change(1)
      spend(1, 0)
      let isOver = false
      return {
        bytes: (count) => spend(0, count),
        asStream: () => {
          if (isOver || kind === 'streams') return
          for (const { meter } of pairs) checkOpen(meter, true, now())
          change(-1)
          kind = 'streams'
          change(1)
        },
        [Symbol.dispose]: () => {
          if (isOver) return
          isOver = true
          change(-1)
        },
      }
    },
    news: () => {
      const news: Told[] = []
      for (const [key, meter] of toTell) {
        if (news.length >= limits.maxUsesTold) break
        if (!hasNews(meter) && now() - meter.toldAt < limits.repeatUseEveryMs) continue
        news.push(tellOf(key, meter, now()))
        // Behind those that have to wait.
        toTell.delete(key)
        if (meter.calls + meter.streams > 0) toTell.set(key, meter)
      }
      return news
    },
    heard: (from, news) => {
      for (const { key, calls, streams, callsSpent, bytesSpent } of news) {
        const meter = meterOf(key)
        meter.callsLeft -= callsSpent
        meter.bytesLeft -= bytesSpent
        if (calls + streams === 0) meter.elsewhere.delete(from)
        else meter.elsewhere.set(from, { calls, streams, until: now() + limits.useElsewhereMs })
      }
    },
  }
}

const CONNECTION = 'connection:'
const REPL = 'repl:'

function newMeter(caps: Caps, now: number): Meter {
  return {
    caps,
    calls: 0,
    streams: 0,
    callsLeft: caps.callsPerMinute,
    bytesLeft: caps.bytesPerMinute,
    at: now,
    elsewhere: new Map(),
    callsSpent: 0,
    bytesSpent: 0,
    isChanged: false,
    toldAt: now,
  }
}

function refill(meter: Meter, now: number): void {
  const { callsPerMinute, bytesPerMinute } = meter.caps
  const passed = (now - meter.at) / MINUTE
  meter.callsLeft = Math.min(callsPerMinute, meter.callsLeft + passed * callsPerMinute)
  meter.bytesLeft = Math.min(bytesPerMinute, meter.bytesLeft + passed * bytesPerMinute)
  meter.at = now
}

function hasNews({ isChanged, callsSpent, bytesSpent }: Meter): boolean {
  return isChanged || callsSpent + bytesSpent > 0
}

/** What is to be told of a meter, which is then no news any more. */
function tellOf(key: string, meter: Meter, now: number): Told {
  const { calls, streams, callsSpent, bytesSpent } = meter
  meter.callsSpent = 0
  meter.bytesSpent = 0
  meter.isChanged = false
  meter.toldAt = now
  return { key, calls, streams, callsSpent, bytesSpent }
}

function checkOpen(meter: Meter, isStream: boolean, now: number): void {
  const { caps } = meter
  const kind = isStream ? 'streams' : 'calls'
  const open = meter[kind] + openElsewhere(meter, kind, now)
  if (isStream && open >= caps.streams)
    throw overuse(`${caps.streams} streams are open already, which is all there may be.`, 5)
  if (!isStream && open >= caps.calls)
    throw overuse(`${caps.calls} calls are under way already, which is all there may be at a time.`, 1)
}

function checkSpent(meter: Meter): void {
  const { caps } = meter
  if (meter.callsLeft < 1)
    throw overuse(
      `More than ${caps.callsPerMinute} calls in a minute.`,
      secondsFor(1 - meter.callsLeft, caps.callsPerMinute),
    )
  if (meter.bytesLeft < 0)
    throw overuse('More was sent in a minute than may be.', secondsFor(-meter.bytesLeft, caps.bytesPerMinute))
}

function openElsewhere({ elsewhere }: Meter, kind: 'calls' | 'streams', now: number): number {
  let open = 0
  for (const [from, used] of elsewhere) {
    if (used.until < now) elsewhere.delete(from)
    else open += used[kind]
  }
  return open
}

function secondsFor(amount: number, perMinute: number): number {
  return Math.max(1, Math.ceil((amount / perMinute) * 60))
}
