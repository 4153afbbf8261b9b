'use client'

import { useEffect, useState } from 'react'
import { Check, Copy } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import type { ButtonProps } from '#components/ui/button.tsx'
import { copyText } from '#components/ui/copy-text.ts'

const SHOW_RESULT_MS = 2000

interface CopyButtonProps extends Omit<ButtonProps, 'onClick' | 'children'> {
  text: string
  label?: string
}

/** Puts `text` on the clipboard and says that it did, or that the browser refused. */
export function CopyButton({ text, label = 'Copy', ...rest }: CopyButtonProps) {
  const [result, setResult] = useState<'copied' | 'refused'>()
  useEffect(() => {
    if (result === undefined) return
    const timer = setTimeout(() => setResult(undefined), SHOW_RESULT_MS)
    return () => clearTimeout(timer)
  }, [result])
  const copy = async () => setResult((await copyText(text)) ? 'copied' : 'refused')
  return (
    <Button onClick={() => void copy()} {...rest}>
      {result === 'copied' ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} strokeWidth={1.5} />}
      <span aria-live="polite">
        {result === undefined ? label : result === 'copied' ? 'Copied' : 'Select and copy it'}
      </span>
    </Button>
  )
}
