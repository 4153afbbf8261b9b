'use client'

import { useSyncExternalStore } from 'react'

const NEVER_CHANGES = () => () => {}

/** Whether this is a Mac (or an iPad with a keyboard): its keys have other names. `false` on the server and while hydrating. */
export function useIsMac(): boolean {
  return useSyncExternalStore(NEVER_CHANGES, isMac, () => false)
}

/** The same where nothing is drawn by it. */
export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent)
}
