import type { SnapshotView } from '#server/repls/history.ts'

/** Automatic saves come every few seconds while somebody works: of those so close together one is shown. */
const AUTO_SLOT_MS = 5 * 60_000

/** Snapshots of one day, newest first. */
export interface Day {
  title: string
  snapshots: SnapshotView[]
}

const WEEKDAY = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' })
const CLOCK = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/** The list as it is shown: by day, and unless `isFull` without the automatic saves between those that tell enough. */
export function timeline(snapshots: readonly SnapshotView[], { now, isFull }: { now: number; isFull: boolean }): Day[] {
  const days: Day[] = []
  for (const snapshot of isFull ? snapshots : condensed(snapshots)) {
    const title = dayOf(snapshot.savedAt, now)
    const last = days.at(-1)
    if (last?.title === title) last.snapshots.push(snapshot)
    else days.push({ title, snapshots: [snapshot] })
  }
  return days
}

/** How many the short list leaves out. */
export function hiddenCount(snapshots: readonly SnapshotView[]): number {
  return snapshots.length - condensed(snapshots).length
}

/** "14:20". */
export function clockOf(at: number): string {
  return CLOCK.format(at)
}

/** What a snapshot is called: its name, or why it was taken. */
export function titleOf({ name, reason }: SnapshotView): string {
  return name ?? WORDS[reason]
}

const WORDS: Record<SnapshotView['reason'], string> = {
  seed: 'As it was made',
  auto: 'Automatic save',
  save: 'Save',
  stop: 'When it stopped',
  checkpoint: 'Checkpoint',
  'before-restore': 'Before a restore',
  'before-agent': 'Before an agent’s changes',
  restore: 'Restored',
  import: 'Imported',
  fork: 'Forked',
}

function condensed(snapshots: readonly SnapshotView[]): SnapshotView[] {
  let slot: number | undefined
  return snapshots.filter(({ reason, name, savedAt }) => {
    if (name !== undefined || (reason !== 'auto' && reason !== 'save')) return true
    const own = Math.floor(savedAt / AUTO_SLOT_MS)
    const isShown = own !== slot
    slot = own
    return isShown
  })
}

function dayOf(at: number, now: number): string {
  const start = (time: number) => new Date(time).setHours(0, 0, 0, 0)
  const days = Math.round((start(now) - start(at)) / 86_400_000)
  if (days <= 0) return 'Today'
  return days === 1 ? 'Yesterday' : WEEKDAY.format(at)
}
