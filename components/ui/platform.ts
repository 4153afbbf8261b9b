'use client'

import { useSyncExternalStore } from 'react'

const NEVER_CHANGES = () => () => {}

/** Whether this is a Mac (or an iPad with a keyboard): its keys have other names. `false` on the server and while hydrating. */
export function useIsMac(): boolean {
  return useSyncExternalStore(NEVER_CHANGES, isMac, () => false)
}

/** For event handlers: is the platform's command key held? */
export function isModKey(event: { metaKey: boolean; ctrlKey: boolean }): boolean {
  return isMac() ? event.metaKey : event.ctrlKey
}

function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent)
}
