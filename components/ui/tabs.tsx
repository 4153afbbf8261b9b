'use client'

import type { ComponentProps, ReactNode } from 'react'
import { Tabs as Radix } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'

export const Tabs = Radix.Root
export const TabsContent = Radix.Content

/** The row of tabs. */
export function TabsList({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    <Radix.List
      data-slot="tabs-list"
      aria-label={label}
      className={cx('flex items-center gap-4 border-b border-line', className)}
    >
      {children}
    </Radix.List>
  )
}

/** One tab. */
export function TabsTrigger({ className, ...rest }: ComponentProps<typeof Radix.Trigger>) {
  return (
    <Radix.Trigger
      data-slot="tabs-trigger"
      className={cx(
        '-mb-px h-9 border-b-2 border-transparent text-sm font-medium text-muted transition-colors hover:text-text',
        'data-[state=active]:border-focus data-[state=active]:text-text',
        className,
      )}
      {...rest}
    />
  )
}
