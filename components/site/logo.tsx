import { cx } from '#components/ui/cx.ts'

/** The mark: a prompt. Decoration; the name stands beside it, or on the link around it. */
export function LogoMark({ className }: { className?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" fill="none" className={cx('size-5 shrink-0', className)}>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g className="stroke-on-accent" strokeWidth="2.75" strokeLinecap="round" strokeLinejoin="round">
        <path d="m9 10.5 5.5 5.5L9 21.5" />
        <path d="M17.5 21.5h6" />
      </g>
    </svg>
  )
}

/** Mark and name. */
export function Logo({ className }: { className?: string }) {
  return (
    <span className={cx('inline-flex items-center gap-2 text-base font-semibold tracking-tight text-text', className)}>
      <LogoMark />
      Devex
    </span>
  )
}
