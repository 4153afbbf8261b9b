'use client'

import { CopyField } from '#components/ui/copy-field.tsx'

/** A token that was just made, shown this once. `hint`: what to do with it. */
export function NewToken({ token, hint = '' }: { token: string; hint?: string }) {
  return (
    <div className="rounded-lg bg-accent-soft p-3">
      <CopyField text={token} label="Token" copy={{ label: 'Copy token', variant: 'primary' }} isFirst />
      <p className="mt-1.5 text-xs text-soft">Copy it now: for safety it is shown only this once. {hint}</p>
    </div>
  )
}
