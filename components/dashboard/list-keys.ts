export type ListKeyAction = 'next' | 'previous' | 'search' | 'new' | 'help'

/** Where a key was pressed: on the page, in its search box, where else somebody types, or with a dialog or menu open. */
export type KeyPlace = 'page' | 'search' | 'typing' | 'overlay'

interface Key {
  key: string
  metaKey: boolean
  ctrlKey: boolean
  altKey: boolean
}

const ACTIONS: Record<string, ListKeyAction> = {
  ArrowDown: 'next',
  ArrowUp: 'previous',
  '/': 'search',
  n: 'new',
  '?': 'help',
}

/** What a key does on the list of repls. Letters belong to whoever types; from the search box only the arrow down leads out. */
export function listKeyAction(event: Key, place: KeyPlace): ListKeyAction | undefined {
  if (event.metaKey || event.ctrlKey || event.altKey) return undefined
  const action = ACTIONS[event.key]
  if (place === 'page') return action
  return place === 'search' && action === 'next' ? action : undefined
}
