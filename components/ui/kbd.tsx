'use client'

import { cx } from '#components/ui/cx.ts'
import { keyNames } from '#components/ui/keys.ts'
import { useIsMac } from '#components/ui/platform.ts'

interface KbdProps {
  /** Keys joined by `+`, as `keysOn` reads them: `mod+shift+p`. */
  keys: string
  className?: string
}

/** A key or chord, with this platform's names. */
export function Kbd({ keys, className }: KbdProps) {
  const isMac = useIsMac()
  const names = keyNames(keys, isMac)
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
