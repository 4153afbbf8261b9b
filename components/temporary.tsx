import { timeUntil } from '#components/site/relative-time.ts'
import { Badge } from '#components/ui/badge.tsx'
import type { ReplView } from '#server/repls/views.ts'

/** Whether it has an end of its own. */
export function isTemporary({ isEphemeral, expiresAt }: Pick<ReplView, 'isEphemeral' | 'expiresAt'>): boolean {
  return isEphemeral === true || expiresAt !== undefined
}

/** When a temporary repl goes, in words; what is deleted can be restored for a week. */
export function temporaryWords(
  { isEphemeral, expiresAt }: Pick<ReplView, 'isEphemeral' | 'expiresAt'>,
  now: number,
): string {
  const when = [
    ...(isEphemeral === true ? ['when it stops'] : []),
    ...(expiresAt === undefined ? [] : [timeUntil(expiresAt, now)]),
  ]
  return `Deleted ${when.join(', or ')}, unless it is kept`
}

/** Says of a temporary repl that it is one; nothing of others. */
export function TemporaryBadge({ repl, now, className }: { repl: ReplView; now: number; className?: string }) {
  if (!isTemporary(repl) || repl.state.kind === 'deleted') return null
  return (
    <Badge tone="attention" title={temporaryWords(repl, now)} className={className}>
      Temporary
    </Badge>
  )
}
