import type { ComponentProps } from 'react'
import { cx } from '#components/ui/cx.ts'

/** One line of text. Give it a name: a `Field` around it, or `aria-label`. */
export function Input({ className, type = 'text', ...rest }: ComponentProps<'input'>) {
  return (
    <input
      data-slot="input"
      type={type}
      className={cx(
        'h-8 w-full min-w-0 rounded-md border border-control bg-canvas px-2.5 text-base text-text placeholder:text-faint',
        'hover:border-faint focus-visible:border-focus focus-visible:outline-1 focus-visible:outline-offset-0',
        'disabled:cursor-not-allowed disabled:opacity-50 aria-invalid:border-failed',
        className,
      )}
      {...rest}
    />
  )
}
