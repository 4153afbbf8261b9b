'use client'

import { useEffect, useId, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import { Dialog } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'
import { useFocusReturn } from '#components/ui/use-focus-return.ts'

// The browser's own list of options cannot be searched, nor hold keys and paths beside its words.
const LISTBOX = { role: 'listbox' } as const
const option = (isChosen: boolean) => ({ role: 'option', 'aria-selected': isChosen }) as const

export interface PickerItem {
  id: string
  /** What is read out and drawn. */
  content: ReactNode
  /** At the right edge. */
  aside?: ReactNode
}

interface PickerProps {
  label: string
  placeholder: string
  query: string
  onQuery: (query: string) => void
  items: readonly PickerItem[]
  /** Said in place of items. */
  empty: ReactNode
  onPick: (id: string) => void
  onClose: () => void
}

/** A list to choose from by typing: what quick open and the palette are. */
export function Picker({ label, placeholder, query, onQuery, items, empty, onPick, onClose }: PickerProps) {
  const [at, setAt] = useState(0)
  const focus = useFocusReturn()
  const listId = useId()
  const chosen = Math.min(at, items.length - 1)
  const move = (step: number): void => setAt((chosen + step + items.length) % Math.max(1, items.length))
  const pick = (id: string | undefined): void => {
    if (id !== undefined) onPick(id)
  }
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40" />
        <Dialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={focus.remember}
          onCloseAutoFocus={focus.giveBack}
          className="fixed inset-x-0 top-12 z-50 mx-auto flex max-h-[70dvh] w-[calc(100vw-16px)] max-w-xl animate-fade-in flex-col overflow-hidden rounded-lg bg-raised text-sm shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">{label}</Dialog.Title>
          <input
            role="combobox"
            aria-label={label}
            aria-expanded
            aria-controls={listId}
            aria-activedescendant={items.length === 0 ? undefined : `${listId}-${chosen}`}
            placeholder={placeholder}
            value={query}
            spellCheck={false}
            className="h-11 shrink-0 border-b border-line bg-transparent px-4 text-base text-text outline-none placeholder:text-faint"
            onChange={(event) => {
              setAt(0)
              onQuery(event.target.value)
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') move(1)
              else if (event.key === 'ArrowUp') move(-1)
              else if (event.key === 'Enter') pick(items[chosen]?.id)
              else return
              event.preventDefault()
            }}
          />
          <div id={listId} {...LISTBOX} aria-label={label} className="min-h-0 overflow-y-auto p-1.5">
            {items.map((item, index) => (
              <Option
                key={item.id}
                id={`${listId}-${index}`}
                item={item}
                isChosen={index === chosen}
                onPick={() => pick(item.id)}
              />
            ))}
          </div>
          {items.length === 0 && <p className="px-4 pb-4 pt-1 text-muted">{empty}</p>}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

interface OptionProps {
  id: string
  item: PickerItem
  isChosen: boolean
  onPick: () => void
}

function Option({ id, item, isChosen, onPick }: OptionProps) {
  const element = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isChosen) element.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <button
      ref={element}
      id={id}
      {...option(isChosen)}
      type="button"
      tabIndex={-1}
      className={cx(
        'flex h-8 w-full items-center text-left gap-3 rounded-md px-2.5 hover:bg-hover',
        isChosen && 'bg-selected',
      )}
      onClick={onPick}
    >
      <span className="flex min-w-0 grow items-center gap-2">{item.content}</span>
      {item.aside}
    </button>
  )
}
