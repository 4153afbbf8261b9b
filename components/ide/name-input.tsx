'use client'

import { useEffect, useRef, useState } from 'react'
import { Input } from '#components/ui/input.tsx'

interface NameInputProps {
  label: string
  initial: string
  /** Characters selected at first: the name without its extension. All by default. */
  selectTo?: number
  /** Enter takes it as it is: it was refused a moment ago. */
  isAgain?: boolean
  className?: string
  /** The name, trimmed and not empty, or `undefined` where it was given up or is as before. */
  onDone: (name: string | undefined) => void
}

/** A name asked for in its place. Enter or leaving takes it, Escape does not. */
export function NameInput({ label, initial, selectTo, isAgain = false, className, onDone }: NameInputProps) {
  const [name, setName] = useState(initial)
  const input = useRef<HTMLInputElement>(null)
  const isDone = useRef(false)
  useEffect(() => {
    // After a closing menu has given the focus back to where it was.
    const timer = setTimeout(() => {
      input.current?.focus()
      input.current?.setSelectionRange(0, selectTo ?? initial.length)
    })
    return () => clearTimeout(timer)
  }, [initial, selectTo])
  const finish = (value: string | undefined, isEntered = false): void => {
    if (isDone.current) return
    isDone.current = true
    const trimmed = value?.trim()
    const isAsBefore = trimmed === initial && !(isAgain && isEntered)
    onDone(trimmed === '' || isAsBefore ? undefined : trimmed)
  }
  return (
    <Input
      ref={input}
      aria-label={label}
      value={name}
      spellCheck={false}
      autoCapitalize="off"
      className={className}
      onChange={(event) => setName(event.target.value)}
      onBlur={() => finish(name)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') finish(name, true)
        if (event.key === 'Escape') finish(undefined)
      }}
    />
  )
}
