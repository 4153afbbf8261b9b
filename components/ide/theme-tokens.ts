'use client'

import { useSyncExternalStore } from 'react'

/** A token's colour as it stands now, for widgets that draw themselves: `token('--grey-1')` → `#0b0c0f`. */
export function token(name: `--${string}`): string {
  return window.getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'data-contrast'] })
  return () => observer.disconnect()
}

/** The page's theme, by which tokens hold: `strong` with high contrast. */
export type Theme = 'light' | 'dark' | 'light strong' | 'dark strong'

export function isDark(theme: Theme): boolean {
  return theme.startsWith('dark')
}

function themeNow(): Theme {
  const { theme, contrast } = document.documentElement.dataset
  if (contrast === 'more') return theme === 'dark' ? 'dark strong' : 'light strong'
  return theme === 'dark' ? 'dark' : 'light'
}

/** The theme now: what draws itself from tokens draws itself anew when it changes. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, themeNow, () => 'dark')
}

/** Whether the page is dark now. */
export function useIsDark(): boolean {
  return isDark(useTheme())
}

/** The mono face of the design, as the tokens name it. */
export function monoFont(): string {
  return token('--font-mono') || "'JetBrains Mono Variable', monospace"
}
