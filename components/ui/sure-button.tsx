'use client'

import { useState } from 'react'
import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'

interface SureButtonProps {
  /** What it does, for screen readers, where its content is a picture. */
  label?: string
  /** What it says once it was pressed: pressed again it does so. */
  sure: string
  onSure: () => void
  className?: string
  children: ReactNode
}

/** A button for what cannot be undone, where a dialog of its own would be too much: it asks by changing its words. */
export function SureButton({ label, sure, onSure, className, children }: SureButtonProps) {
  const [isAsking, setIsAsking] = useState(false)
  return (
    <Button
      size="sm"
      variant={isAsking ? 'danger' : 'ghost'}
      className={className}
      aria-label={isAsking ? undefined : label}
      onBlur={() => setIsAsking(false)}
      onClick={() => {
        setIsAsking(!isAsking)
        if (isAsking) onSure()
      }}
    >
      {isAsking ? sure : children}
    </Button>
  )
}
