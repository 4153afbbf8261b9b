import type { KeyboardEvent } from 'react'

interface TabKeys {
  /** The person wants into the file. */
  enter: () => void
  close: () => void
}

/** Keys on a tab, as the ARIA practices have them: arrows, Home and End show others, Delete closes. */
export function tabPressed(event: KeyboardEvent<HTMLElement>, { enter, close }: TabKeys): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  const tab = event.currentTarget
  const tabs = [...(tab.closest('[role="tablist"]')?.querySelectorAll<HTMLElement>('[role="tab"]') ?? [])]
  const at = tabs.indexOf(tab)
  const next = tabs[placeAfter(event.key, at, tabs.length) ?? -1]
  if (next !== undefined) {
    next.focus()
    next.click()
  } else if (event.key === 'Enter' || event.key === ' ') {
    tab.click()
    enter()
  } else if (event.key === 'Delete') {
    // The neighbour, which will be shown: once this one is gone the keyboard would be nowhere.
    const neighbour = tabs[at + 1] ?? tabs[at - 1]
    neighbour?.focus()
    close()
  } else return
  event.preventDefault()
}

function placeAfter(key: string, at: number, count: number): number | undefined {
  if (key === 'ArrowRight') return (at + 1) % count
  if (key === 'ArrowLeft') return (at - 1 + count) % count
  if (key === 'Home') return 0
  return key === 'End' ? count - 1 : undefined
}
