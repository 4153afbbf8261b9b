import type { ComponentProps } from 'react'
import { cx } from '#components/ui/cx.ts'

const TONES = {
  neutral: 'bg-inset text-muted inset-ring inset-ring-line',
  accent: 'bg-accent-soft text-accent-text',
  ok: 'bg-ok-soft text-ok',
  attention: 'bg-attention-soft text-attention',
  failed: 'bg-failed-soft text-failed',
} as const

export interface BadgeProps extends ComponentProps<'span'> {
  tone?: keyof typeof TONES
}

/** One or two words about a thing. */
export function Badge({ tone = 'neutral', className, ...rest }: BadgeProps) {
  return (
    <span
      data-slot="badge"
      className={cx(
        'inline-flex h-5 shrink-0 items-center gap-1 whitespace-nowrap rounded-sm px-1.5 text-xs font-medium',
        TONES[tone],
        className,
      )}
      {...rest}
    />
  )
}
