import { failed, ok, skipped } from './check.ts'
import type { Finding } from './check.ts'
import { MAX_SKEW_MS } from './limits.ts'

/** HTTP dates have whole seconds. */
const HTTP_DATE_MS = 1_000

/** What a `Date` header says about the clock of `whose`, given when it was asked and when it had answered. */
export function skewByHeader(whose: string, date: string | null | undefined, asked: number): Finding {
  const theirs = Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return skipped('its answers carry no date')
  const skewMs = theirs + HTTP_DATE_MS / 2 - (asked + Date.now()) / 2
  return describeSkew(whose, Math.abs(skewMs) <= HTTP_DATE_MS ? 0 : skewMs)
}

/** `skewMs`: how much the clock of `whose` is ahead of ours. */
export function describeSkew(whose: string, skewMs: number): Finding {
  const seconds = `${(Math.abs(skewMs) / 1000).toFixed(1)} s`
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok(`within ${seconds === '0.0 s' ? 'a second' : seconds}`)
  return failed(
    `The clock of ${whose} is ${seconds} ${skewMs > 0 ? 'ahead of' : 'behind'} this machine’s.`,
    'Let both follow the same time servers (chrony, systemd-timesyncd): tokens live for a minute.',
  )
}
