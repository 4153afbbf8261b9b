import type { Work } from '#protocol/work.ts'
import type { ReplView } from '#server/repls/views.ts'
import { clockTime, formatAgo } from './format.ts'

/** Younger work counts as going on: what happens is told to the minute, and every quarter of one. */
const AT_WORK_MS = 2 * 60_000

type Sleepy = Pick<ReplView, 'sleepsAt' | 'awakeUntil' | 'lastWork' | 'isEphemeral'>

/** What the status bar says of sleep: in short, and why. `undefined` where nothing will put it to sleep. */
export function sleepWords(view: Sleepy, now: number): { short: string; why: string } | undefined {
  const { sleepsAt, awakeUntil, lastWork, isEphemeral } = view
  if (sleepsAt === undefined) return undefined
  const end = isEphemeral === true ? 'It is deleted' : 'It sleeps'
  const seen =
    lastWork === undefined ? '' : `${workWords(lastWork.by)} ${formatAgo(lastWork.at, Math.max(now, lastWork.at))}. `
  if (awakeUntil !== undefined)
    return {
      short: `Awake until ${clockTime(awakeUntil)}`,
      why: `${seen}Somebody wants it to stay awake until ${clockTime(awakeUntil)}.`,
    }
  const why = `${seen}${end} at ${clockTime(sleepsAt)}, should nothing more happen.`
  const isAtWork = lastWork !== undefined && now - lastWork.at < AT_WORK_MS
  if (isAtWork) return { short: 'Awake', why }
  const minutes = Math.max(1, Math.ceil((sleepsAt - now) / 60_000))
  const left = minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
  return { short: `${isEphemeral === true ? 'Deleted' : 'Sleeps'} in ${left}`, why }
}

function workWords(work: Work | undefined): string {
  switch (work?.kind) {
    case 'terminal':
      return 'A terminal was in use'
    case 'page':
      return 'Somebody worked in the page'
    case 'files':
      return 'Files were sent or fetched'
    case 'preview':
      return 'Its preview was used'
    case 'agent':
      return 'An agent worked'
    case 'program':
      return `“${work.name}” kept the processor busy`
    case undefined:
      return 'Somebody opened it'
  }
}
