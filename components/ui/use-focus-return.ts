'use client'

import { useRef } from 'react'

interface FocusReturn {
  /** Call it when the window opens, before anything in it has the focus. */
  remember: () => void
  /** For `onCloseAutoFocus`: gives the focus back, unless what was chosen has taken it. */
  giveBack: (event: Event) => void
}

/**
 * Gives the focus back to where it was when a window opened. The library gives it to what opened the window, which for
 * a key or a command is nothing.
 */
export function useFocusReturn(): FocusReturn {
  const before = useRef<Element | null>(null)
  return {
    remember: () => {
      before.current = document.activeElement
    },
    giveBack: (event) => {
      event.preventDefault()
      const isFree = document.activeElement === null || document.activeElement === document.body
      if (isFree && before.current instanceof HTMLElement && before.current.isConnected) before.current.focus()
    },
  }
}
