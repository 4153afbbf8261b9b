'use client'

import { useEffect, useState } from 'react'

const TICK_MS = 20_000

/** The time, for relative times on the page: the server's while hydrating, then this browser's. */
export function useNow(renderedAt: number): number {
  const [now, setNow] = useState(renderedAt)
  useEffect(() => {
    const tick = () => setNow(Date.now())
    const timer = setInterval(tick, TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}
