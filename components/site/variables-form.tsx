'use client'

import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { readVariables } from '#protocol/variables.ts'
import type { Variables } from '#protocol/variables.ts'

interface VariablesFormProps {
  isBusy: boolean
  /** Whether they were kept. */
  onSet: (values: Variables) => Promise<boolean>
}

/** Takes one variable or a whole `.env` file, typed or pasted. */
export function VariablesForm({ isBusy, onSet }: VariablesFormProps) {
  const id = useId()
  const [text, setText] = useState('')
  const [isTried, setIsTried] = useState(false)
  const { variables, problems } = readVariables(text)
  const count = Object.keys(variables).length
  const submit = async () => {
    setIsTried(true)
    if (problems.length > 0 || count === 0) return
    if (await onSet(variables)) {
      setText('')
      setIsTried(false)
    }
  }
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <label htmlFor={id} className="text-sm font-medium">
        Add or replace
      </label>
      <textarea
        id={id}
        value={text}
        rows={Math.min(8, Math.max(2, text.split('\n').length))}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        placeholder="API_KEY=…"
        aria-describedby={`${id}-hint`}
        aria-invalid={isTried && problems.length > 0}
        className="w-full rounded-md border border-control bg-canvas px-2.5 py-1.5 font-mono text-sm text-text placeholder:text-faint hover:border-faint focus-visible:border-focus focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-failed"
        onChange={(event) => setText(event.target.value)}
      />
      <p id={`${id}-hint`} className="text-xs text-muted">
        A line each: NAME=value. A whole .env file can be pasted.
      </p>
      {isTried && problems.length > 0 && (
        <ul role="alert" className="text-xs text-failed">
          {problems.map(({ line, message }) => (
            <li key={line}>{`Line ${line}: ${message}`}</li>
          ))}
        </ul>
      )}
      <div>
        <Button type="submit" isBusy={isBusy} disabled={text.trim() === ''}>
          {count > 1 ? `Keep ${count} variables` : 'Keep'}
        </Button>
      </div>
    </form>
  )
}
