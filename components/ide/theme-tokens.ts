'use client'

import { useSyncExternalStore } from 'react'

/** A token's colour as it stands now, for widgets that draw themselves: `token('--grey-1')` → `#0b0c0f`. */
export function token(name: `--${string}`): string {
  return window.getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

/** Whether the page is dark now. */
export function useIsDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => document.documentElement.dataset['theme'] === 'dark',
    () => true,
  )
}

/** The mono face of the design, as the tokens name it. */
export function monoFont(): string {
  return token('--font-mono') || "'JetBrains Mono Variable', monospace"
}
