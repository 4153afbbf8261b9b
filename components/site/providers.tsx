'use client'

import { useEffect } from 'react'
import type { ReactNode } from 'react'
import { ToasterProvider } from '#components/ui/toaster.tsx'
import { TooltipProvider } from '#components/ui/tooltip.tsx'

/** What every page has around it. */
export function Providers({ children }: { children: ReactNode }) {
  // `public/early-clicks.js` waits for it. Effects of what lies within have run before.
  useEffect(() => void window.dispatchEvent(new Event('devex:usable')), [])
  return (
    <TooltipProvider>
      <ToasterProvider>{children}</ToasterProvider>
    </TooltipProvider>
  )
}
