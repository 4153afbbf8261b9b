'use client'

import { CopyButton } from '#components/ui/copy-button.tsx'
import { Input } from '#components/ui/input.tsx'

interface CopyFieldProps {
  text: string
  /** What it is, for screen readers. */
  label: string
  /** The button: what it says, what it is called, how loud it is. */
  copy?: { label?: string; 'aria-label'?: string; variant?: 'primary' }
  /** Gets the focus where a dialog opens. */
  isFirst?: boolean
}

/** A text to take along: selected by a click into it, or copied by the button. */
export function CopyField({ text, label, copy, isFirst = false }: CopyFieldProps) {
  return (
    <div className="flex gap-2">
      <Input
        readOnly
        {...(isFirst && { 'data-autofocus': true })}
        aria-label={label}
        value={text}
        onFocus={(event) => event.target.select()}
        className="min-w-0 grow font-mono text-xs"
      />
      <CopyButton text={text} {...copy} />
    </div>
  )
}
