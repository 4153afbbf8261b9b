'use client'

import type { ReactNode } from 'react'
import { ToasterProvider } from '#components/ui/toaster.tsx'
import { TooltipProvider } from '#components/ui/tooltip.tsx'

/** What every page has around it. */
export function Providers({ children }: { children: ReactNode }) {
  return (
    <TooltipProvider>
      <ToasterProvider>{children}</ToasterProvider>
    </TooltipProvider>
  )
}
