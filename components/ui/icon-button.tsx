'use client'

import type { ComponentProps, ReactNode } from 'react'
import { cx } from '#components/ui/cx.ts'
import { Tooltip } from '#components/ui/tooltip.tsx'

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'aria-label'> {
  /** What it does; its name for screen readers, and the tooltip. */
  label: string
  /** Key shown in the tooltip, e.g. `mod+b`. */
  keys?: string
  /** Pressed or open: drawn as chosen. */
  isActive?: boolean
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

/** A square button with an icon only. */
export function IconButton({ label, keys, isActive, side = 'bottom', className, children, ...rest }: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys} side={side}>
      <button
        data-slot="icon-button"
        type="button"
        aria-label={label}
        className={cx(
          'inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors',
          'hover:bg-hover hover:text-text disabled:cursor-not-allowed disabled:opacity-40 [&_svg]:size-4 [&_svg]:stroke-[1.5]',
          'data-[state=open]:bg-hover data-[state=open]:text-text',
          isActive === true && 'bg-hover text-text',
          className,
        )}
        {...rest}
      >
        {children}
      </button>
    </Tooltip>
  )
}
