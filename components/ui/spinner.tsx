import type { ComponentProps } from 'react'
import { cx } from '#components/ui/cx.ts'

interface SpinnerProps extends Omit<ComponentProps<'output'>, 'children'> {
  /** What is being waited for: "Starting node-api". Read out when it changes. */
  label: string
  /** Only the wheel is drawn; the label is still read out. */
  hideLabel?: boolean
}

/** A wheel that always says what it waits for. */
export function Spinner({ label, hideLabel = false, className, ...rest }: SpinnerProps) {
  return (
    <output data-slot="spinner" className={cx('inline-flex items-center gap-2 text-muted', className)} {...rest}>
      <SpinnerWheel />
      <span className={hideLabel ? 'sr-only' : undefined}>{label}</span>
    </output>
  )
}

/** The wheel alone, for inside something that has words of its own. */
export function SpinnerWheel({ className }: { className?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 16 16" fill="none" className={cx('size-3.5 shrink-0 animate-spin', className)}>
      <circle cx="8" cy="8" r="6.25" stroke="currentColor" strokeOpacity="0.25" strokeWidth="1.75" />
      <path d="M14.25 8A6.25 6.25 0 0 0 8 1.75" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" />
    </svg>
  )
}
