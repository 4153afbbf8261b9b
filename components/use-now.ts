'use client'

import { useEffect, useState } from 'react'

const TICK_MS = 20_000

/** The time, for relative times on the page: at first as given (while hydrating the server's), then this browser's. */
export function useNow(first: number | (() => number), everyMs = TICK_MS): number {
  const [now, setNow] = useState(first)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
