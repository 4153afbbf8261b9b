'use client'

import { createContext, use } from 'react'
import { cx } from '#components/ui/cx.ts'
import { keyNames } from '#components/ui/keys.ts'
import { useIsMac } from '#components/ui/platform.ts'

/** What stands in for keys that somebody changed; `undefined`: nothing does the same any more. */
export const ChangedKeys = createContext<(keys: string) => string | undefined>((keys) => keys)

interface KbdProps {
  /** Keys joined by `+`, as `keysOn` reads them: `mod+shift+p`. */
  keys: string
  /** These very keys, whatever somebody changed. */
  isAsGiven?: boolean
  className?: string
}

/** A key or chord, with this platform's names. */
export function Kbd({ keys, isAsGiven = false, className }: KbdProps) {
  const isMac = useIsMac()
  const changed = use(ChangedKeys)(keys)
  const shown = isAsGiven ? keys : changed
  if (shown === undefined) return null
  const names = keyNames(shown, isMac)
  return (
    <kbd
      data-slot="kbd"
      className={cx(
        'inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-sm border border-line-strong bg-inset px-1',
        'whitespace-nowrap font-sans text-[11px] leading-none text-muted',
        className,
      )}
    >
      {names.join(isMac ? '' : ' + ')}
    </kbd>
  )
}
