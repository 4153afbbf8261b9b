import type { ReactNode } from 'react'
import { cx } from '#components/ui/cx.ts'

interface EmptyStateProps {
  icon?: ReactNode
  title: string
  /** It stands in place of a whole page, whose heading its title is then. */
  isPage?: boolean
  /** What will be here, and how it comes to be. */
  children?: ReactNode
  actions?: ReactNode
  className?: string
}

/** Nothing here yet, and the way to change that. */
export function EmptyState({ icon, title, isPage = false, children, actions, className }: EmptyStateProps) {
  const Title = isPage ? 'h2' : 'p'
  return (
    <div data-slot="empty-state" className={cx('flex flex-col items-center px-6 py-16 text-center', className)}>
      {icon !== undefined && (
        <div
          aria-hidden
          className="mb-4 flex size-10 items-center justify-center rounded-lg border border-line bg-panel text-muted [&_svg]:size-5 [&_svg]:stroke-[1.5]"
        >
          {icon}
        </div>
      )}
      <Title className="text-base font-medium text-text [overflow-wrap:anywhere]">{title}</Title>
      {children !== undefined && <div className="mt-1 max-w-sm text-sm text-muted">{children}</div>}
      {actions !== undefined && <div className="mt-5 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  )
}
