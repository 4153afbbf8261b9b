'use client'

import { useEffect, useRef, useState } from 'react'
import { Input } from '#components/ui/input.tsx'
import { MAX_DISPLAY_NAME_CHARS } from '#protocol/limits.ts'

interface RenameInputProps {
  name: string
  onRename: (name: string) => void
  onCancel: () => void
}

/** A name being changed in its place: Enter or leaving keeps it, Escape does not. */
export function RenameInput({ name, onRename, onCancel }: RenameInputProps) {
  const [value, setValue] = useState(name)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    input.current?.focus()
    input.current?.select()
  }, [])
  const finish = () => {
    const next = value.trim()
    if (next === '' || next === name) onCancel()
    else onRename(next)
  }
  return (
    <Input
      ref={input}
      aria-label={`New name for ${name}`}
      value={value}
      maxLength={MAX_DISPLAY_NAME_CHARS}
      onChange={(event) => setValue(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish()
        if (event.key === 'Escape') onCancel()
      }}
      className="relative z-10 h-7 max-w-80"
    />
  )
}
