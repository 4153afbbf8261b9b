'use client'

import { useCallback, useEffect, useState } from 'react'
import type { RefObject } from 'react'

/** Rows drawn beyond what shows, so that scrolling meets no gap. */
const OVERSCAN_ROWS = 16

interface VisibleRows {
  /** Indices of the rows to draw, end excluded. */
  first: number
  end: number
  /** Scrolls as little as is needed to show a row. */
  scrollTo: (index: number) => void
}

/** Which rows of equal height are in view of a scrolled element. */
export function useVisibleRows(
  scroller: RefObject<HTMLElement | null>,
  { count, rowHeight }: { count: number; rowHeight: number },
): VisibleRows {
  const [view, setView] = useState({ top: 0, height: 0 })
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const look = (): void => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller])
  const scrollTo = useCallback(
    (index: number) => {
      const element = scroller.current
      if (element === null || index < 0) return
      const top = index * rowHeight
      if (top < element.scrollTop) element.scrollTo({ top })
      const bottom = top + rowHeight
      if (bottom > element.scrollTop + element.clientHeight) element.scrollTo({ top: bottom - element.clientHeight })
    },
    [scroller, rowHeight],
  )
  return {
    first: Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN_ROWS),
    end: Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN_ROWS),
    scrollTo,
  }
}
