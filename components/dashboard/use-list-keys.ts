'use client'

import { useEffect, useEffectEvent } from 'react'
import type { RefObject } from 'react'
import { listKeyAction } from '#components/dashboard/list-keys.ts'
import type { KeyPlace, ListKeyAction } from '#components/dashboard/list-keys.ts'
import { isTyping } from '#components/ui/typing.ts'

interface ListKeys {
  list: RefObject<HTMLElement | null>
  search: RefObject<HTMLInputElement | null>
  onNew: () => void
  onHelp: () => void
}

/** What marks the link of a row. */
const ROW_LINK = '[data-row-link]'
const OVERLAY = '[role="dialog"], [role="menu"], [role="listbox"]'

/** The keys of the list: see `listKeyAction`. */
export function useListKeys({ list, search, onNew, onHelp }: ListKeys): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const action = event.defaultPrevented ? undefined : listKeyAction(event, placeOf(event.target))
    if (action === undefined) return
    event.preventDefault()
    act(action)
  })
  useEffect(() => {
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])

  function placeOf(target: EventTarget | null): KeyPlace {
    if (document.querySelector(OVERLAY) !== null) return 'overlay'
    if (target === search.current) return 'search'
    return isTyping(target) ? 'typing' : 'page'
  }

  function act(action: ListKeyAction): void {
    switch (action) {
      case 'next':
        return move(1)
      case 'previous':
        return move(-1)
      case 'search':
        return search.current?.focus()
      case 'new':
        return onNew()
      case 'help':
        return onHelp()
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
