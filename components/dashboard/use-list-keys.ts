'use client'

import { useEffect, useEffectEvent } from 'react'
import type { RefObject } from 'react'
import { isTyping } from '#components/ui/typing.ts'

interface ListKeys {
  list: RefObject<HTMLElement | null>
  search: RefObject<HTMLInputElement | null>
  onNew: () => void
  onHelp: () => void
}

/** What marks the link of a row. */
export const ROW_LINK = '[data-row-link]'

/** Arrows move between rows, `/` searches, `n` makes a new one, `?` helps; none of it while somebody types or a dialog is open. */
export function useListKeys({ list, search, onNew, onHelp }: ListKeys): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey
    if (!isPlain || event.defaultPrevented || document.querySelector('[role="dialog"], [role="menu"]') !== null) return
    const isInSearch = event.target === search.current
    if (isTyping(event.target) && !(isInSearch && event.key === 'ArrowDown')) return
    const act = actionOf(event.key)
    if (act === undefined) return
    event.preventDefault()
    act()
  })
  useEffect(() => {
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])

  function actionOf(key: string): (() => void) | undefined {
    switch (key) {
      case 'ArrowDown':
        return () => move(1)
      case 'ArrowUp':
        return () => move(-1)
      case '/':
        return () => search.current?.focus()
      case 'n':
        return onNew
      case '?':
        return onHelp
      default:
        return undefined
    }
  }

  function move(by: number): void {
    const links = [...(list.current?.querySelectorAll<HTMLElement>(ROW_LINK) ?? [])]
    const row = document.activeElement?.closest('li')?.querySelector<HTMLElement>(ROW_LINK)
    const at = row == null ? -1 : links.indexOf(row)
    if (at === 0 && by < 0) search.current?.focus()
    else links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus()
  }
}
