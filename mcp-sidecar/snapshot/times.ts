import { futimesSync } from 'node:fs'
import type { BigIntStats, Stats } from 'node:fs'

/**
 * Seconds for utimes(2) that come out as exactly this whole millisecond: what is passed down is cut to microseconds, and
 * a double may lie just below, so half a microsecond is added. As text, since Node takes a negative number for the
 * present (`toUnixTimestamp`).
 */
export function secondsOf(milliseconds: number): string {
  return String((milliseconds * 1000 + 0.5) / 1_000_000)
}

/** Sets the modification time (and with it the access time) of an open file or folder. */
export function setTimes(fd: number, milliseconds: number): void {
  const seconds = secondsOf(milliseconds)
  futimesSync(fd, seconds, seconds)
}

/** Whole milliseconds of a time in nanoseconds; rounds down before 1970 too. */
export function millisecondsOf(nanoseconds: bigint): number {
  const remainder = ((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n
  return Number((nanoseconds - remainder) / 1_000_000n)
}

/**
 * The modification time in whole milliseconds. A double so close to one that it may be rounded up is looked at exactly.
 * File systems with 64 bits for a time hold some that are no dates, and that no snapshot could be read with: the nearest
 * date stands for them.
 */
export function wholeMilliseconds(stats: Stats, exactly: () => BigIntStats | undefined): number {
  const fraction = stats.mtimeMs - Math.floor(stats.mtimeMs)
  const exact = fraction > ROUNDING_MS && fraction < 1 - ROUNDING_MS ? undefined : exactly()
  const whole = exact === undefined ? Math.floor(stats.mtimeMs) : millisecondsOf(exact.mtimeNs)
  return Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, whole))
}

/** The last moment that is a date: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const MAX_DATE_MS = 8.64e15

/** More than what a double of milliseconds since the epoch is off by. */
const ROUNDING_MS = 0.001
