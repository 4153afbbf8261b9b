'use client'

import { CopyButton } from '#components/ui/copy-button.tsx'
import { Input } from '#components/ui/input.tsx'

/** A token that was just made, shown this once. `hint`: what to do with it. */
export function NewToken({ token, hint = '' }: { token: string; hint?: string }) {
  return (
    <div className="rounded-lg bg-accent-soft p-3">
      <div className="flex gap-2">
        <Input
          readOnly
          data-autofocus
          aria-label="Token"
          value={token}
          onFocus={(event) => event.target.select()}
          className="font-mono text-xs"
        />
        <CopyButton text={token} label="Copy token" variant="primary" />
      </div>
      <p className="mt-1.5 text-xs text-soft">Copy it now: for safety it is shown only this once. {hint}</p>
    </div>
  )
}
