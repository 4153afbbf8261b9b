import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import { overuse } from '#server/gateway/mcp/refusals.ts'

const MINUTE = 60_000

/** A use of the way in, from a request to the end of its answer. */
export interface Use extends Disposable {
  /** Bytes that went either way. */
  bytes(count: number): void
}

/** How much agents use it: calls at a time, calls and bytes a minute, for each connection and each repl. */
export interface Meters {
  /** Throws `rate_limited` past a limit. `replId` absent: the account's server. */
  begin(use: { connectionId: string; replId: string | undefined; isStream: boolean }): Use
}

interface Meter {
  calls: number
  streams: number
  /** What is left in this minute's buckets, as of `at`. */
  callsLeft: number
  bytesLeft: number
  at: number
}

interface Caps {
  calls: number
  streams: number
  callsPerMinute: number
  bytesPerMinute: number
}

/** Counted in this process: with several, each allows as much. */
export function createMeters(limits: McpLimits, callsPerMinute: number, now: () => number = Date.now): Meters {
  const { bytesPerMinute } = limits
  const meters = new Map<string, Meter>()
  const ofConnection: Caps = { calls: limits.parallelCalls, streams: limits.streams, callsPerMinute, bytesPerMinute }
  const ofRepl: Caps = {
    calls: limits.parallelCallsPerRepl,
    streams: limits.streamsPerRepl,
    callsPerMinute: 2 * callsPerMinute,
    bytesPerMinute: 2 * bytesPerMinute,
  }

  const meterOf = (key: string, caps: Caps): Meter => {
    const meter = meters.get(key) ?? {
      calls: 0,
      streams: 0,
      callsLeft: caps.callsPerMinute,
      bytesLeft: caps.bytesPerMinute,
      at: now(),
    }
    const passed = (now() - meter.at) / MINUTE
    meter.callsLeft = Math.min(caps.callsPerMinute, meter.callsLeft + passed * caps.callsPerMinute)
    meter.bytesLeft = Math.min(caps.bytesPerMinute, meter.bytesLeft + passed * caps.bytesPerMinute)
    meter.at = now()
    meters.delete(key)
    meters.set(key, meter)
    forgetOldest()
    return meter
  }

  const forgetOldest = () => {
    for (const [key, { calls, streams }] of meters) {
      if (meters.size <= limits.maxMeters) return
      if (calls + streams === 0) meters.delete(key)
    }
  }

  return {
    begin: ({ connectionId, replId, isStream }) => {
      const pairs = [{ meter: meterOf(`connection:${connectionId}`, ofConnection), caps: ofConnection }]
      if (replId !== undefined) pairs.push({ meter: meterOf(`repl:${replId}`, ofRepl), caps: ofRepl })
      for (const { meter, caps } of pairs) check(meter, caps, isStream)
      const kind = isStream ? 'streams' : 'calls'
      for (const { meter } of pairs) {
        meter[kind] += 1
        meter.callsLeft -= 1
      }
      let isOver = false
      return {
        bytes: (count) => {
          for (const { meter } of pairs) meter.bytesLeft -= count
        },
        [Symbol.dispose]: () => {
          if (isOver) return
          isOver = true
          for (const { meter } of pairs) meter[kind] -= 1
        },
      }
    },
  }
}

function check(meter: Meter, caps: Caps, isStream: boolean): void {
  if (isStream && meter.streams >= caps.streams)
    throw overuse(`${caps.streams} streams are open already, which is all there may be.`, 5)
  if (!isStream && meter.calls >= caps.calls)
    throw overuse(`${caps.calls} calls are under way already, which is all there may be at a time.`, 1)
  if (meter.callsLeft < 1)
    throw overuse(`More than ${caps.callsPerMinute} calls in a minute.`, secondsFor(1, caps.callsPerMinute))
  if (meter.bytesLeft < 0)
    throw overuse('More was sent in a minute than may be.', secondsFor(-meter.bytesLeft, caps.bytesPerMinute))
}

function secondsFor(amount: number, perMinute: number): number {
  return Math.max(1, Math.ceil((amount / perMinute) * 60))
}
