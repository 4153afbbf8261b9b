import { cx } from '#components/ui/cx.ts'

interface ProgressProps {
  /** 0 to 100; absent while nobody knows. */
  percent?: number | undefined
  /** What advances, for screen readers. */
  label: string
  className?: string
}

const BAR = '[&::-webkit-progress-bar]:bg-selected [&::-webkit-progress-value]:bg-focus [&::-moz-progress-bar]:bg-focus'

/** A thin bar. */
export function Progress({ percent, label, className }: ProgressProps) {
  return (
    <progress
      data-slot="progress"
      aria-label={label}
      max={100}
      value={percent}
      className={cx(
        'block h-1 w-full appearance-none overflow-hidden rounded-full border-0 bg-selected',
        BAR,
        percent === undefined && 'animate-shimmer bg-focus/60 [&::-webkit-progress-bar]:bg-focus/60',
        className,
      )}
    />
  )
}
