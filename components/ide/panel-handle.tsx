'use client'

import { Separator } from 'react-resizable-panels'
import { cx } from '#components/ui/cx.ts'
import type { Workbench } from './stores/workbench.ts'

interface HandleProps {
  label: string
  isRow?: boolean
  isHidden?: boolean
}

/** The line between two panels: dragged, or moved with the arrow keys. */
export function PanelHandle({ label, isRow = false, isHidden = false }: HandleProps) {
  return (
    <Separator
      aria-label={label}
      className={cx(
        'bg-line outline-none transition-colors data-[separator=active]:bg-focus data-[separator=hover]:bg-line-strong focus-visible:bg-focus',
        isRow ? 'h-px' : 'w-px',
        isHidden && 'invisible',
      )}
    />
  )
}

/** Keeps the sizes that somebody chose; those that follow from the window or from other panels choose themselves. */
export function rememberSizes(workbench: Workbench, group: string) {
  return (layout: Record<string, number>, { isUserInteraction }: { isUserInteraction: boolean }): void => {
    if (!isUserInteraction) return
    const { sizes } = workbench.memory.layout.getSnapshot()
    workbench.memory.patch({ sizes: { ...sizes, [group]: layout } })
  }
}
