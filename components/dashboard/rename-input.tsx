'use client'

import { useEffect, useId, useRef, useState } from 'react'
import { nameProblem } from '#components/name-problem.ts'
import { Input } from '#components/ui/input.tsx'

interface RenameInputProps {
  name: string
  onRename: (name: string) => void
  onCancel: () => void
}

/** A name being changed in its place: Enter or leaving keeps it, Escape does not. What cannot be a name stays, and why. */
export function RenameInput({ name, onRename, onCancel }: RenameInputProps) {
  const [value, setValue] = useState(name)
  const [problem, setProblem] = useState<string>()
  const problemId = useId()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    input.current?.focus()
    input.current?.select()
  }, [])
  const finish = () => {
    const next = value.trim()
    if (next === '' || next === name) return onCancel()
    const found = nameProblem(next)
    if (found === undefined) onRename(next)
    else setProblem(found)
  }
  return (
    <div className="relative z-10 max-w-80">
      <Input
        ref={input}
        aria-label={`New name for ${name}`}
        aria-invalid={problem !== undefined || undefined}
        aria-describedby={problem === undefined ? undefined : problemId}
        value={value}
        onChange={(event) => {
          setValue(event.target.value)
          setProblem(undefined)
        }}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === 'Enter') finish()
          if (event.key === 'Escape') onCancel()
        }}
        className="h-7"
      />
      {problem !== undefined && (
        <p id={problemId} role="alert" className="mt-1 text-xs text-failed">
          {problem}
        </p>
      )}
    </div>
  )
}
