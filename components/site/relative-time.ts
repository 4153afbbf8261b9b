const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS

const DATE = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

/** "just now", "5 min ago", "3 h ago", "yesterday", "4 days ago", then the date. A clock that is ahead counts as now. */
export function timeAgo(at: number, now: number): string {
  const passed = now - at
  if (passed < 45 * SECOND_MS) return 'just now'
  if (passed < HOUR_MS) return `${Math.max(1, Math.floor(passed / MINUTE_MS))} min ago`
  if (passed < DAY_MS) return `${Math.floor(passed / HOUR_MS)} h ago`
  if (passed < 2 * DAY_MS) return 'yesterday'
  if (passed < WEEK_MS) return `${Math.floor(passed / DAY_MS)} days ago`
  return DATE.format(at)
}

/** About how long: "under a minute", "4 min", "3 h", "2 days". */
export function timeSpan(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return 'under a minute'
  if (milliseconds < HOUR_MS) return `${Math.floor(milliseconds / MINUTE_MS)} min`
  if (milliseconds < 2 * DAY_MS) return `${Math.floor(milliseconds / HOUR_MS)} h`
  return `${Math.floor(milliseconds / DAY_MS)} days`
}

/** How long until `at`: "in 6 days", "in 3 h", "in 12 min", "now". */
export function timeUntil(at: number, now: number): string {
  const left = at - now
  if (left <= 0) return 'now'
  if (left < HOUR_MS) return `in ${Math.ceil(left / MINUTE_MS)} min`
  if (left < 2 * DAY_MS) return `in ${Math.round(left / HOUR_MS)} h`
  return `in ${Math.round(left / DAY_MS)} days`
}

/** A length of time as a checklist shows it: "0.4 s", "12 s", "2 min 5 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 10 * SECOND_MS) return `${(Math.max(0, milliseconds) / SECOND_MS).toFixed(1)} s`
  const seconds = Math.round(milliseconds / SECOND_MS)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
