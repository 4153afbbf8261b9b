import { cx } from '#components/ui/cx.ts'

/** The place of something that is on its way, in its size. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span aria-hidden data-slot="skeleton" className={cx('block animate-shimmer rounded-sm bg-selected', className)} />
  )
}
