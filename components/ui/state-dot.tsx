import { cx } from '#components/ui/cx.ts'

const TONES = {
  ok: 'bg-ok',
  /** On its way somewhere. */
  busy: 'bg-attention animate-pulse-dot',
  attention: 'bg-attention',
  failed: 'bg-failed',
  /** Asleep: a ring, so that it differs by shape as well. */
  idle: 'border-[1.5px] border-control',
} as const
export type StateTone = keyof typeof TONES

interface StateDotProps {
  tone: StateTone
  className?: string
}

/** A dot beside words that say the same: never alone. */
export function StateDot({ tone, className }: StateDotProps) {
  return (
    <span
      aria-hidden
      data-slot="state-dot"
      className={cx('inline-block size-2 shrink-0 rounded-full', TONES[tone], className)}
    />
  )
}
