'use client'

import type { ComponentProps, ReactNode } from 'react'
import { Popover as Radix } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'
import { mainLandmark } from '#components/ui/landmark.ts'

export const Popover = Radix.Root
export const PopoverTrigger = Radix.Trigger
/** Its one child closes the panel. */
export function PopoverClose({ children }: { children: ReactNode }) {
  return <Radix.Close asChild>{children}</Radix.Close>
}

interface ContentProps extends Pick<ComponentProps<typeof Radix.Content>, 'align' | 'onCloseAutoFocus'> {
  /** What it is about, for screen readers. */
  label: string
  className?: string
  children: ReactNode
}

/** A small panel that floats beside what opened it; the page stays usable. */
export function PopoverContent({ label, className, ...rest }: ContentProps) {
  return (
    <Radix.Portal container={mainLandmark()}>
      <Radix.Content
        data-slot="popover"
        aria-label={label}
        collisionPadding={8}
        sideOffset={4}
        className={cx(
          'z-50 max-h-[var(--radix-popper-available-height)] max-w-[calc(100vw-16px)] animate-fade-in overflow-y-auto rounded-md bg-raised p-1 text-sm text-text shadow-float',
          className,
        )}
        {...rest}
      />
    </Radix.Portal>
  )
}
