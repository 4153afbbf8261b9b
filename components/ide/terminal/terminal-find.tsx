'use client'

import { useState } from 'react'
import type { SearchAddon } from '@xterm/addon-search'
import { ArrowDown, ArrowUp, X } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Input } from '#components/ui/input.tsx'

/** Finds text in a terminal's history. */
export function TerminalFind({ search, onClose }: { search: SearchAddon; onClose: () => void }) {
  const [text, setText] = useState('')
  const [isFound, setIsFound] = useState(true)
  const next = (): void => setIsFound(text === '' || search.findNext(text))
  const previous = (): void => setIsFound(text === '' || search.findPrevious(text))
  const close = (): void => {
    search.clearDecorations()
    onClose()
  }
  return (
    <search className="absolute right-3 top-2 z-10 flex items-center gap-1 rounded-md bg-raised p-1 shadow-float">
      <Input
        ref={(element) => element?.focus()}
        aria-label="Find in terminal"
        aria-invalid={!isFound}
        placeholder="Find"
        value={text}
        className="h-7 w-44"
        onChange={({ target: { value } }) => {
          setText(value)
          setIsFound(value === '' || search.findNext(value, { incremental: true }))
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close()
          if (event.key === 'Enter') (event.shiftKey ? next : previous)()
        }}
      />
      <IconButton label="Previous match" onClick={previous}>
        <ArrowUp aria-hidden />
      </IconButton>
      <IconButton label="Next match" onClick={next}>
        <ArrowDown aria-hidden />
      </IconButton>
      <IconButton label="Close find" onClick={close}>
        <X aria-hidden />
      </IconButton>
    </search>
  )
}
