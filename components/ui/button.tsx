import type { ComponentProps } from 'react'
import { Slot } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'
import { SpinnerWheel } from '#components/ui/spinner.tsx'

const VARIANTS = {
  /** The one action of a view. */
  primary: 'bg-accent text-on-accent hover:bg-accent-hover',
  secondary: 'bg-raised text-text inset-ring inset-ring-control hover:bg-hover',
  ghost: 'text-soft hover:bg-hover hover:text-text',
  /** Destroys something; the label names it. */
  danger: 'bg-failed text-on-failed hover:opacity-90',
} as const

const SIZES = {
  sm: 'h-7 gap-1.5 px-2 text-sm',
  md: 'h-8 gap-2 px-3 text-sm',
  lg: 'h-10 gap-2 px-4 text-base',
} as const

export interface ButtonProps extends ComponentProps<'button'> {
  variant?: keyof typeof VARIANTS
  size?: keyof typeof SIZES
  /** Busy: shows a wheel before the words and refuses further clicks, without losing focus. */
  isBusy?: boolean
  /** Draws its only child (a link) as a button. */
  asChild?: boolean
}

export function Button({
  variant = 'secondary',
  size = 'md',
  isBusy = false,
  asChild = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const classes = cx(
    'inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-md font-medium transition-colors',
    'disabled:cursor-not-allowed disabled:opacity-50 aria-busy:cursor-progress',
    VARIANTS[variant],
    SIZES[size],
    className,
  )
  if (asChild) {
    return (
      <Slot.Root data-slot="button" className={classes} onClick={onClick} {...rest}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button
      data-slot="button"
      type="button"
      aria-busy={isBusy || undefined}
      className={classes}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {isBusy && <SpinnerWheel />}
      {children}
    </button>
  )
}
