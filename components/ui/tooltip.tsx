'use client'

import type { ReactNode } from 'react'
import { Tooltip as Radix } from 'radix-ui'
import { Kbd } from '#components/ui/kbd.tsx'

const OPEN_AFTER_MS = 400
const GAP_PX = 6

interface TooltipProps {
  label: ReactNode
  /** Key that does the same, e.g. `mod+p`. */
  keys?: string | undefined
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

/** Words for its one child, on hover and on keyboard focus. Never the only place of an information. */
export function Tooltip({ label, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          data-slot="tooltip"
          side={side}
          sideOffset={GAP_PX}
          collisionPadding={8}
          className="z-50 flex max-w-72 animate-fade-in items-center gap-2 rounded-md bg-raised px-2 py-1 text-xs text-text shadow-float"
        >
          {label}
          {keys !== undefined && <Kbd keys={keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** Once around the application. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  return (
    <Radix.Provider delayDuration={OPEN_AFTER_MS} disableHoverableContent>
      {children}
    </Radix.Provider>
  )
}
