'use client'

import { useCallback, useEffect, useState } from 'react'
import type { RefObject } from 'react'

/** Rows drawn beyond what shows, so that scrolling meets no gap. */
const OVERSCAN_ROWS = 16

interface VisibleRows {
  /** Indices of the rows to draw, in their order. */
  drawn: number[]
  /** Scrolls as little as is needed to show a row. */
  scrollTo: (index: number) => void
}

interface Rows {
  count: number
  /** Of each, in pixels. */
  rowHeight: number
  /** A row that is drawn wherever it is. */
  kept: number
}

/** Which rows of equal height are in view of a scrolled element. */
export function useVisibleRows(scroller: RefObject<HTMLElement | null>, { count, rowHeight, kept }: Rows): VisibleRows {
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
  const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN_ROWS)
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN_ROWS)
  return { drawn: drawnRows({ first, end, kept: kept < count ? kept : -1 }), scrollTo }
}

function drawnRows({ first, end, kept }: { first: number; end: number; kept: number }): number[] {
  const inView = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index)
  if (kept < 0 || (kept >= first && kept < end)) return inView
  return kept < first ? [kept, ...inView] : [...inView, kept]
}
